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
"""The key of PostgreSQL's advisory lock: an arbitrary number, used for nothing else."""


def lock_relations() -> None:
    """Lock all relations until the transaction ends.

    Checks for cycles read many rows, so only one transaction at a time may change
    relations. Lock them before the row of a skill, or transactions may deadlock.
    SQLite has a single writer anyway.
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
NEEDED_NOT_ARCHIVED = WALK.format(
    gate="""JOIN taxonomy_skill middle
        ON middle.uuid = further.skill_id AND middle.status <> 'archived'"""
)


class RelationManager(InvalidatingManager):
    def relate(
        self, skill: "Skill", names_by_kind: "Mapping[Relation.Kind, Iterable[str]]"
    ) -> None:
        """Replace the skill's relations of these kinds.

        A name may be a current or a former one. A name that no skill has is stored,
        and linked once a skill gets it. Raises InvalidRelation, ContradictoryRelations
        or RelationCycle.
        """
        check_names(names_by_kind)
        with transaction.atomic():
            lock_relations()
            locked = skill.locked()
            all_names = {name for names in names_by_kind.values() for name in names}
            target_by_name = self._targets(locked, all_names)
            for kind, names in names_by_kind.items():
                targets = {target_by_name[name] for name in names}
                if locked.pk in {pk for _, pk in targets}:
                    raise ContradictoryRelations(
                        **{kind: f"{locked.name} cannot point at itself."}
                    )
                self._set(locked, kind, targets)
            self._check(locked)
            locked.save(update_fields=["updated_at"])

    def link(self, skill: "Skill", name: str) -> None:
        """Point relations with that name to the skill that has just got the name.

        Relations that would repeat another one, or relate a skill to itself, are
        deleted. The caller has locked relations. Raises RelationCycle or
        NameContradicts.
        """
        unlinked = self.filter(target=None, target_name=name).select_related("skill")
        relations = list(unlinked)
        for relation in relations:
            same = self.filter(skill=relation.skill, kind=relation.kind, target=skill)
            to_itself = relation.skill_id == skill.pk
            # A skill that requires itself is a cycle, which `_check` reports.
            if same.exists() or (to_itself and relation.kind != "required"):
                relation.delete()
            else:
                relation.target = skill
                relation.save(update_fields=["target"])
        if relations:
            self._check(skill)
            self._check_conflicts(skill, name)

    def needed_by(self, skill: "Skill", *, through_archived: bool = True) -> RawSQL:
        """A query for the keys of all skills that the skill requires, also indirectly.

        The requirements of archived skills are left out unless `through_archived`.
        """
        key = self.model._meta.get_field("skill").get_db_prep_value(
            skill.pk, connections[self.db]
        )
        walk = NEEDED if through_archived else NEEDED_NOT_ARCHIVED
        return RawSQL(walk, (key,))  # noqa: S611  a constant

    def _targets(
        self, skill: "Skill", names: set[str]
    ) -> "dict[str, tuple[str, UUID | None]]":
        """By name: (name, key of the skill if there is one).

        A former name is not replaced by the current one, because that is hidden from
        readers if the skill is archived.
        """
        skills = type(skill)._default_manager.filter(
            addresses__kind="skill", addresses__path__in=names
        )
        keys = dict(skills.values_list("addresses__path", "pk"))
        return {name: (name, keys.get(name)) for name in names}

    def _set(
        self,
        skill: "Skill",
        kind: "Relation.Kind",
        targets: "set[tuple[str, UUID | None]]",
    ) -> None:
        # If two names lead to the same skill, one relation is enough.
        missing = {pk or name: (name, pk) for name, pk in sorted(targets, key=str)}
        for relation in self.filter(skill=skill, kind=kind):
            if not missing.pop(relation.target_id or relation.target_name, None):
                relation.delete()
        for name, pk in missing.values():
            self.create(skill=skill, kind=kind, target_name=name, target_id=pk)

    def _check_conflicts(self, skill: "Skill", name: str) -> None:
        """Raises NameContradicts if another skill both needs and conflicts with it."""
        clashing = self.filter(
            kind=Relation.Kind.CONFLICT,
            target=skill,
            skill__relations__target=skill,
            skill__relations__kind__in=Relation.TOGETHER,
        )
        if clash := clashing.select_related("skill").first():
            raise NameContradicts(
                name=f"{clash.skill} would both require or recommend {name} and be in"
                f" conflict with it. Change the relations of {clash.skill} first."
            )

    def _check(self, skill: "Skill") -> None:
        """Raises ContradictoryRelations or RelationCycle."""
        mine = list(self.filter(skill=skill).select_related("target"))
        together = {
            each.current_name for each in mine if each.kind in Relation.TOGETHER
        }
        for each in mine:
            if each.kind == Relation.Kind.CONFLICT and each.current_name in together:
                raise ContradictoryRelations(
                    conflict=f"{each.current_name} is also required or recommended."
                )
        if type(skill)._default_manager.filter(
            pk=skill.pk, pk__in=self.needed_by(skill)
        ):
            cycle = " → ".join(self._cycle(skill))
            raise RelationCycle(required=f"That would make a cycle: {cycle}.")

    def _cycle(self, skill: "Skill") -> list[str]:
        """The names along a shortest cycle through the skill (breadth-first search)."""
        relations = self.filter(
            kind=Relation.Kind.REQUIRED, target_id__in=self.needed_by(skill)
        )
        required: dict[str, list[str]] = {}
        for one, other in relations.values_list("skill__name", "target__name"):
            required.setdefault(one, []).append(other)
        queue = [[skill.name]]
        visited: set[str] = set()
        for path in queue:  # which grows meanwhile
            for name in sorted(required.get(path[-1], [])):
                if name == skill.name:
                    return [*path, name]
                if name not in visited:
                    visited.add(name)
                    queue.append([*path, name])
        return [skill.name]


def check_names(names_by_kind: "Mapping[Relation.Kind, Iterable[str]]") -> None:
    for kind, names in names_by_kind.items():
        for name in names:
            if len(name) > MAX_NAME_CHARS or not SKILL_NAME.fullmatch(name):
                raise InvalidRelation(
                    **{kind: f"{name[:80]!r} cannot be the name of a skill."}
                )


class Relation(models.Model):
    """A relation by name; `target` is null while no skill has that name."""

    class Kind(models.TextChoices):
        REQUIRED = "required"
        """The skill does not work without the other."""
        RECOMMENDED = "recommended"
        """The two work well together."""
        CONFLICT = "conflict"
        """An agent should not use both."""
        SEE_ALSO = "see_also"
        """Worth reading next."""

    TOGETHER = frozenset({Kind.REQUIRED, Kind.RECOMMENDED})
    """Kinds for which an agent uses both skills; they contradict a conflict."""

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
        return f"{self.kind} {self.current_name}"

    @property
    def current_name(self) -> str:
        """The current name of the target, or the stored one if there is no target."""
        return self.target.name if self.target else self.target_name

    @property
    def public_name(self) -> str:
        """The name for readers: the new name of an archived skill is hidden."""
        hidden = self.target and self.target.is_archived
        return self.target_name if hidden else self.current_name
