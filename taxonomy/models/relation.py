"""Relations between skills: required, recommended, in conflict, worth reading next."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.models.expressions import RawSQL

from cachelayer import InvalidatingManager
from taxonomy.exceptions import (
    ContradictoryRelations,
    InvalidRelation,
    NameContradicts,
    RelationCycle,
)
from taxonomy.models.address import MAX_NAME_CHARS, SKILL_NAME

if TYPE_CHECKING:
    from taxonomy.models.skill import Skill


RELATIONS = 0x536B4601
"""Any number that nothing else in the database locks by."""


def hold_relations() -> None:
    """Until the transaction ends no other one holds them.

    Take it before the row of a skill. On SQLite whoever writes is alone anyway.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [RELATIONS])


WALK = """
    WITH RECURSIVE needed(skill_id) AS (
        SELECT target_id FROM taxonomy_relation
        WHERE skill_id = %s AND kind = 'required' AND target_id IS NOT NULL
        UNION
        SELECT further.target_id FROM taxonomy_relation further
        JOIN needed ON needed.skill_id = further.skill_id {gate}
        WHERE further.kind = 'required' AND further.target_id IS NOT NULL
    )
    SELECT skill_id FROM needed
"""
NEEDED = WALK.format(gate="")
NEEDED_AND_SEEN = WALK.format(
    gate="""JOIN taxonomy_skill middle
        ON middle.uuid = further.skill_id AND middle.status <> 'archived'"""
)


class RelationManager(InvalidatingManager):
    def relate(
        self, skill: "Skill", wanted: "Mapping[Relation.Kind, Iterable[str]]"
    ) -> None:
        """Make these the skill's only relations of their kinds.

        Rows that stay are kept. `wanted` has names, today's or former; one that no
        skill has is kept until a skill gets it. Raises InvalidRelation,
        ContradictoryRelations or RelationCycle.
        """
        check_names(wanted)
        with transaction.atomic():
            hold_relations()
            held = skill.held()
            every = {name for names in wanted.values() for name in names}
            named = self._targets(held, every)
            for kind, names in wanted.items():
                targets = {named[name] for name in names}
                if held.pk in {pk for _, pk in targets}:
                    raise ContradictoryRelations(
                        **{kind: f"{held.name} cannot point at itself."}
                    )
                self._point(held, kind, targets)
            self._check(held)
            held.save(update_fields=["updated_at"])

    def link(self, skill: "Skill", name: str) -> None:
        """Lead to the skill what pointed at its new name before it had it.

        Raises RelationCycle or NameContradicts. Relations must be held.
        """
        waiting = self.filter(target=None, target_name=name).select_related("skill")
        found = list(waiting)
        for relation in found:
            same = self.filter(skill=relation.skill, kind=relation.kind, target=skill)
            to_itself = relation.skill_id == skill.pk
            if same.exists() or (to_itself and relation.kind != "required"):
                relation.delete()
            else:
                relation.target = skill
                relation.save(update_fields=["target"])
        if found:
            self._check(skill)
            self._check_who_waited(skill, name)

    def needed_by(self, skill: "Skill", *, through_archived: bool = True) -> RawSQL:
        """The keys of all skills that it requires, or that those require, and so on.

        What an archived one requires is hidden with it, unless `through_archived`.
        """
        key = self.model._meta.get_field("skill").get_db_prep_value(
            skill.pk, connections[self.db]
        )
        walk = NEEDED if through_archived else NEEDED_AND_SEEN
        return RawSQL(walk, (key,))  # noqa: S611  a constant

    def _targets(
        self, skill: "Skill", names: set[str]
    ) -> "dict[str, tuple[str, UUID | None]]":
        """By name: the name as it was written and the skill, if there is one.

        Today's name is no one's to tell when the skill is archived.
        """
        skills = type(skill)._default_manager.filter(
            addresses__kind="skill", addresses__path__in=names
        )
        led = dict(skills.values_list("addresses__path", "pk"))
        return {name: (name, led.get(name)) for name in names}

    def _point(
        self,
        skill: "Skill",
        kind: "Relation.Kind",
        targets: "set[tuple[str, UUID | None]]",
    ) -> None:
        # Of two names of one skill one is enough.
        left = {pk or name: (name, pk) for name, pk in sorted(targets, key=str)}
        for relation in self.filter(skill=skill, kind=kind):
            if not left.pop(relation.target_id or relation.target_name, None):
                relation.delete()
        for name, pk in left.values():
            self.create(skill=skill, kind=kind, target_name=name, target_id=pk)

    def _check_who_waited(self, skill: "Skill", name: str) -> None:
        """None of them may both want the skill and be in conflict with it."""
        clashing = self.filter(
            kind=Relation.Kind.CONFLICT,
            target=skill,
            skill__relations__target=skill,
            skill__relations__kind__in=Relation.WISHED,
        )
        if clash := clashing.select_related("skill").first():
            raise NameContradicts(
                name=f"{clash.skill} would both require or recommend {name} and be in"
                f" conflict with it: change the relations of {clash.skill} before."
            )

    def _check(self, skill: "Skill") -> None:
        """Raises what these relations must not be."""
        mine = list(self.filter(skill=skill).select_related("target"))
        wished = {each.shown_name for each in mine if each.kind in Relation.WISHED}
        for each in mine:
            if each.kind == Relation.Kind.CONFLICT and each.shown_name in wished:
                raise ContradictoryRelations(
                    conflict=f"{each.shown_name} is required or recommended, too."
                )
        if type(skill)._default_manager.filter(
            pk=skill.pk, pk__in=self.needed_by(skill)
        ):
            circle = " → ".join(self._circle(skill))
            raise RelationCycle(required=f"That closes a circle: {circle}.")

    def _circle(self, skill: "Skill") -> list[str]:
        """The names on a shortest way from the skill back to itself."""
        required = self.filter(
            kind=Relation.Kind.REQUIRED, target_id__in=self.needed_by(skill)
        )
        further: dict[str, list[str]] = {}
        for one, other in required.values_list("skill__name", "target__name"):
            further.setdefault(one, []).append(other)
        ways = [[skill.name]]
        seen: set[str] = set()
        for way in ways:
            for name in sorted(further.get(way[-1], [])):
                if name == skill.name:
                    return [*way, name]
                if name not in seen:
                    seen.add(name)
                    ways.append([*way, name])
        return [skill.name]


def check_names(wanted: "Mapping[Relation.Kind, Iterable[str]]") -> None:
    for kind, names in wanted.items():
        for name in names:
            if len(name) > MAX_NAME_CHARS or not SKILL_NAME.fullmatch(name):
                raise InvalidRelation(
                    **{kind: f"{name[:80]!r} cannot be the name of a skill."}
                )


class Relation(models.Model):
    """A pointer by name; `target` is empty while no skill has that name."""

    class Kind(models.TextChoices):
        REQUIRED = "required"
        """The skill does not work without the other."""
        RECOMMENDED = "recommended"
        """The two work well together."""
        CONFLICT = "conflict"
        """An agent should not hold both."""
        SEE_ALSO = "see_also"
        """Worth reading next."""

    WISHED = frozenset({Kind.REQUIRED, Kind.RECOMMENDED})
    """To be held together, so that the other cannot be a conflict."""

    skill = models.ForeignKey(
        "taxonomy.Skill", models.CASCADE, related_name="relations"
    )
    kind = models.CharField(max_length=12, choices=Kind)
    target_name = models.CharField(max_length=MAX_NAME_CHARS)
    target = models.ForeignKey(
        "taxonomy.Skill",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="related_from",
    )

    objects = RelationManager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("kind", "target_name")
        constraints = (
            models.UniqueConstraint(
                fields=["skill", "kind", "target_name"], name="relation_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.shown_name}"

    @property
    def shown_name(self) -> str:
        """The name of today, whatever it was when the relation was made."""
        return self.target.name if self.target else self.target_name

    @property
    def told_name(self) -> str:
        """For readers: what an archived skill is called since is hidden with it."""
        hidden = self.target and self.target.is_archived
        return self.target_name if hidden else self.shown_name
