"""Skills: what is published, under which name, and who may see it."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from cachelayer import InvalidatingQuerySet
from taxonomy.exceptions import (
    LastVersion,
    SkillArchived,
    TooManyLabels,
    UnknownSkill,
    UnknownVersion,
    VersionWithdrawn,
    WrongReplacement,
)
from taxonomy.limits import configured_limits
from taxonomy.models.address import (
    MAX_NAME_CHARS,
    SKILL_NAME,
    Address,
    FormerPlace,
    parent_of,
    within,
)
from taxonomy.models.category import Category
from taxonomy.models.label import FacetDefinition, Label
from taxonomy.models.relation import Relation, hold_relations
from taxonomy.models.verdict import WithVerdict
from taxonomy.models.version import MAX_REASON_CHARS, SkillVersion
from taxonomy.package import SkillMetadata
from taxonomy.permissions import Audience, audience_of
from taxonomy.publishing import PublishingManager
from taxonomy.skillmd.report import Report


class WithHistory(models.Model):
    """What a skill does with its versions. None of it makes, changes or copies one."""

    class Meta:
        abstract = True

    def held(self) -> "Skill":
        """The row as it is now, for this transaction to write alone.

        Others may refer to it meanwhile.
        """
        skills: Any = type(self)._default_manager
        return cast(
            "Skill", skills.select_for_update(of=("self",), no_key=True).get(pk=self.pk)
        )

    def roll_back(self, number: str) -> SkillVersion:
        """Make a version that was published the current one, before or after today's.

        Name, description and labels become again what it says. Raises UnknownVersion,
        VersionWithdrawn (it is yanked) or SkillArchived.
        """
        with transaction.atomic():
            skill = self.held()
            if skill.status == skill.Status.ARCHIVED:
                raise SkillArchived
            version = skill.published(number)
            if version.yanked_at:
                raise VersionWithdrawn(
                    version=f"{number} is yanked; put it back before."
                )
            if version.pk != skill.current_id:
                skill.read_from(version)
        self.refresh_from_db()
        return version

    def yank(self, number: str, reason: str = "") -> SkillVersion:
        """Withdraw a version: it stays, and who asks for it is told the reason.

        When it is the current one, the next older that is not yanked is read from now
        on, else the newest. Raises UnknownVersion or LastVersion.
        """
        with transaction.atomic():
            skill = self.held()
            version = skill.published(number)
            if version.pk == skill.current_id:
                skill.read_from(skill.heir_of(version))
            version.yanked_at = version.yanked_at or Now()
            version.yanked_reason = reason
            version.save(update_fields=["yanked_at", "yanked_reason"])
        self.refresh_from_db()
        version.refresh_from_db()
        return version

    def put_back(self, number: str) -> SkillVersion:
        """Undo `yank`; which version is current stays. Raises UnknownVersion."""
        with transaction.atomic():
            version = self.held().published(number)
            version.yanked_at, version.yanked_reason = None, ""
            version.save(update_fields=["yanked_at", "yanked_reason"])
        return version

    def published(self, number: str) -> SkillVersion:
        version = self._versions.filter(number=number).first()
        if version is None:
            raise UnknownVersion(version=f"{self} has no version {number[:80]!r}.")
        return version

    def heir_of(self, version: SkillVersion) -> SkillVersion:
        others = self._versions.filter(yanked_at=None).exclude(pk=version.pk)
        older = others.filter(pk__lt=version.pk)
        heir = older.order_by("-pk").first() or others.order_by("-pk").first()
        if heir is None:
            raise LastVersion
        return heir

    def read_from(self, version: SkillVersion) -> None:
        """Make it current. The name that it says is this skill's, or was."""
        limits = configured_limits()
        said = SkillMetadata.of(version.frontmatter, version.body, limits)
        self.take_over(version, said)

    def take_over(
        self,
        version: SkillVersion,
        said: SkillMetadata,
        report: Report | None = None,
        **options: Any,
    ) -> None:
        """Show what a version says. Labels of kinds that it does not name stay.

        `report`, if there is one, saves validating the files once more.
        """
        skill = cast("Skill", self)
        named = skill._state.adding or skill.name != said.name
        skill.name = said.name
        skill.current = version
        skill.description = said.description
        skill.save(**options)
        if named and Address.objects.claim_name(skill):
            Relation.objects.link(skill, skill.name)
        for kind, values in said.labels.items():
            Label.objects.give(skill, Label.Kind(kind), values)
        skill.settle(report)

    @property
    def _versions(self) -> models.QuerySet[SkillVersion]:
        return SkillVersion.objects.filter(skill_id=self.pk)


class SkillQuerySet(InvalidatingQuerySet):
    def active(self) -> "SkillQuerySet":
        """What agents are offered."""
        return self.filter(status=Skill.Status.ACTIVE)

    def visible_to(self, user: User | AnonymousUser) -> "SkillQuerySet":
        """Everything for curators, nothing archived for readers, else nothing."""
        return self.visible_as(audience_of(user))

    def visible_as(self, audience: Audience) -> "SkillQuerySet":
        """What everyone of the audience may see."""
        match audience:
            case Audience.CURATORS:
                return self.all()
            case Audience.READERS:
                return self.exclude(status=Skill.Status.ARCHIVED)
        return self.none()

    def within(self, path: str) -> "SkillQuerySet":
        """Skills of the category at the path and of every category below it."""
        return self.filter(within(path, "category__path"))

    def at(self, path: str) -> "SkillQuerySet":
        """The skill of that full path, and all skills below it; former paths, too."""
        above, _, name = path.rpartition("/")
        category = Category.objects.filter(
            addresses__kind=Address.Kind.CATEGORY, addresses__path=path
        ).first()
        place = category.path if category else path
        there = Category.objects.filter(
            addresses__kind=Address.Kind.CATEGORY, addresses__path=above
        ).values("pk")
        named = Address.objects.filter(
            Q(skill__category__in=there) | Q(skill__former_places__category__in=there),
            kind=Address.Kind.SKILL,
            path=name,
        )
        return self.filter(
            within(place, "category__path") | Q(pk__in=named.values("skill"))
        )

    def labelled(self, kind: Label.Kind, value: str) -> "SkillQuerySet":
        return self.filter(
            Exists(Label.objects.filter(skill=OuterRef("pk"), kind=kind, value=value))
        )

    def requiring(self, skill: "Skill") -> "SkillQuerySet":
        """Those that require it themselves."""
        pointing = Relation.objects.filter(target=skill, kind=Relation.Kind.REQUIRED)
        return self.filter(pk__in=pointing.values("skill"))

    def counts_by_path(self) -> Counter[str]:
        """How many skills each category holds, those of its subcategories included."""
        rows = self.order_by().values_list("category__path")
        counts: Counter[str] = Counter()
        for path, count in rows.annotate(count=models.Count("pk")):
            while path:
                counts[path] += count
                path = parent_of(path)
        return counts

    def resolve(self, ref: str) -> "Skill":
        """By name, former name or UUID. Raises DoesNotExist."""
        if len(ref) <= MAX_NAME_CHARS and SKILL_NAME.fullmatch(ref):
            named = self.filter(addresses__kind=Address.Kind.SKILL, addresses__path=ref)
            if skill := named.first():
                return skill
        try:
            return self.get(pk=uuid.UUID(ref))
        except ValueError:
            raise Skill.DoesNotExist(ref) from None

    def for_reading(self) -> "SkillQuerySet":
        """With all that a detail shows, in a fixed number of queries."""
        shown = self.select_related(
            "category", "current__author", "replacement", "verdict"
        )
        return shown.prefetch_related("labels").defer("verdict__report")

    def for_detail(self) -> "SkillQuerySet":
        """And with what it points at and is called."""
        pointing = models.Prefetch(
            "relations", Relation.objects.select_related("target")
        )
        return self.for_reading().prefetch_related(pointing, "addresses")

    def for_naming(self) -> "SkillQuerySet":
        """With its path, description, version and verdict, and nothing else."""
        verdict = ("status", "score", "errors", "warnings", "waived", "judged_at")
        shown = self.select_related("category", "current", "verdict")
        return shown.only(
            *("name", "description", "category__path", "current__number"),
            *(f"verdict__{field}" for field in verdict),
        )

    def for_listing(self) -> "SkillQuerySet":
        """With all that a list shows, and nothing of what the skills say."""
        shown = self.select_related("category", "current", "verdict")
        unlisted = [f"current__{field}" for field in SkillVersion.CONTENT]
        return shown.prefetch_related("labels").defer(*unlisted, "verdict__report")


class SkillManager(PublishingManager.from_queryset(SkillQuerySet)):  # type: ignore[misc]
    """Queries, and `publish`, the one way to write a skill."""


class Skill(WithHistory, WithVerdict):
    """A published skill. What it says is in its versions; `current` is the one read."""

    class Type(models.TextChoices):
        COGNITIVE = "cognitive"
        """A way to think."""
        TECHNICAL = "technical"
        """How a technology is used."""
        DOMAIN = "domain"
        """What a field knows."""
        TOOL = "tool"
        """How one tool is used."""
        MCP = "mcp"
        """How the tools of an MCP server are used."""
        SPECIALIZATION = "specialization"
        """A narrower form of another skill."""
        TASK_FOCUS = "task_focus"
        """One task from beginning to end."""
        MEMORY = "memory"
        """Facts to be kept at hand."""

    class Weight(models.TextChoices):
        LIGHTWEIGHT = "lightweight"
        """Costs an agent's context little."""
        MEDIUM = "medium"
        """Costs some."""
        HEAVYWEIGHT = "heavyweight"
        """Costs much; open it for a reason."""

    class LoadPriority(models.TextChoices):
        ALWAYS = "always"
        """Listed first, whatever the budget."""
        TASK_SPECIFIC = "task_specific"
        """Listed for the tasks it fits."""
        ON_DEMAND = "on_demand"
        """Listed when there is room."""
        DORMANT = "dormant"
        """Listed last."""

    class Style(models.TextChoices):
        NAVIGATION_HUB = "navigation_hub"
        """A short SKILL.md that leads to references."""
        COMPREHENSIVE = "comprehensive"
        """All in SKILL.md."""
        MINIMAL = "minimal"
        """As little as does the work."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        """Offered to agents."""
        DEPRECATED = "deprecated"
        """Readable, no longer offered."""
        ARCHIVED = "archived"
        """Seen by curators only."""

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=MAX_NAME_CHARS, unique=True)
    category = models.ForeignKey(Category, models.PROTECT, related_name="skills")
    current = models.ForeignKey(SkillVersion, models.PROTECT, related_name="+")
    description = models.CharField(max_length=1024)
    type = models.CharField(max_length=16, choices=Type, default=Type.TECHNICAL)
    weight = models.CharField(max_length=16, choices=Weight, default=Weight.LIGHTWEIGHT)
    load_priority = models.CharField(
        max_length=16, choices=LoadPriority, default=LoadPriority.ON_DEMAND
    )
    style = models.CharField(max_length=16, choices=Style, default=Style.COMPREHENSIVE)
    status = models.CharField(max_length=12, choices=Status, default=Status.ACTIVE)
    deprecated_reason = models.CharField(max_length=MAX_REASON_CHARS, blank=True)
    replacement = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="replaces"
    )
    """What to use instead while it is deprecated."""
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SkillManager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("name",)
        permissions = (("publish_skill", "Can publish, edit and archive skills"),)
        indexes = (
            # Facets are counted in it alone. Category first: SQLite would look for
            # a status or type by it, and sort what it finds.
            models.Index(
                fields=[
                    "category",
                    "status",
                    "type",
                    "weight",
                    "load_priority",
                    "style",
                    "uuid",
                ],
                name="skill_facets",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """Its place in the taxonomy: development/python/pdf-tools."""
        return f"{self.category.path}/{self.name}"

    @property
    def is_archived(self) -> bool:
        """Only curators see it."""
        return self.status == self.Status.ARCHIVED

    def revise(
        self,
        *,
        name: str | None = None,
        author: User | None = None,
        category: str | None = None,
        labels: Mapping[Label.Kind, Iterable[str]] | None = None,
        **fields: str,
    ) -> None:
        """Place, label, classify and rename it.

        `category` is a path; `labels` replace those of their kind; `fields` are
        type, weight, load_priority, style and status. Only another `name` makes a
        new version, by `author`. Raises UnknownCategory or what `rename` raises.
        """
        with transaction.atomic():
            if name not in (None, Skill.objects.only("name").get(pk=self.pk).name):
                if fields.get("status", Skill.Status.ARCHIVED) != Skill.Status.ARCHIVED:
                    self._restore(fields["status"])
                Skill.objects.rename(self, name, author=author)
            # One writer at a time; what was not given stays as the last one left it.
            held = self.held()
            given: dict[str, object] = dict(fields)
            if category is not None:
                held.place_in(Category.objects.named(category))
                given["category"] = held.category
            for kind, values in (labels or {}).items():
                held.give(kind, values)
            if given.get("status", held.status) != self.Status.DEPRECATED:
                given |= {"deprecated_reason": "", "replacement": None}
            for field, value in given.items():
                setattr(held, field, value)
            held.save(update_fields=["updated_at", *given])
        self.refresh_from_db()

    def _restore(self, status: str) -> None:
        """Before it is renamed, which an archived one cannot be."""
        hold_relations()
        held = self.held()
        if held.is_archived:
            held.status = status
            held.save(update_fields=["status"])

    def place_in(self, category: Category) -> None:
        """Its category from now on; where it was goes on leading to it.

        It is held, and to be saved. Raises UnknownCategory.
        """
        Category.objects.hold(category, self.category_id)
        if category.pk != self.category_id:
            FormerPlace.objects.keep(self)
            self.category = category

    def deprecate(self, reason: str = "", replacement: str | None = None) -> None:
        """Offer it no longer; say why, and which active skill to use instead.

        `replacement` is a name, former name or UUID. Raises UnknownSkill,
        WrongReplacement or SkillArchived.
        """
        instead = self._replaced_by(replacement) if replacement else None
        with transaction.atomic():
            held = self.held()
            if held.status == self.Status.ARCHIVED:
                raise SkillArchived
            held.status = self.Status.DEPRECATED
            held.deprecated_reason = reason
            held.replacement = instead
            held.save()
        self.refresh_from_db()

    def relabel(
        self,
        add: Mapping[Label.Kind, Iterable[str]],
        remove: Mapping[Label.Kind, Iterable[str]],
    ) -> None:
        """Labels that come and go; all others stay.

        Raises TooManyLabels or InvalidFacet.
        """
        most = settings.SKILLFLEET_MAX_LABELS
        with transaction.atomic():
            held = self.held()
            for kind in add.keys() | remove.keys():
                there = set(
                    held.labels.filter(kind=kind).values_list("value", flat=True)
                )
                wanted = (there - {*remove.get(kind, ())}) | {*add.get(kind, ())}
                if len(wanted) > max(most, len(there)):
                    raise TooManyLabels(
                        **{kind: f"{len(wanted)} labels; at most {most}."}
                    )
                held.give(kind, wanted)
            held.save(update_fields=["updated_at"])
        self.refresh_from_db()

    def give(self, kind: Label.Kind, values: Iterable[str]) -> None:
        """Its only labels of the kind, from now on. Raises InvalidFacet."""
        wanted = set(values)
        if kind == Label.Kind.FACET:
            FacetDefinition.objects.require(wanted)
        Label.objects.give(self, kind, wanted)

    def _replaced_by(self, ref: str) -> "Skill":
        try:
            found: Skill = Skill.objects.resolve(ref)
        except Skill.DoesNotExist:
            raise UnknownSkill(replacement=f"There is no skill {ref[:80]!r}.") from None
        if found.pk == self.pk or found.status != self.Status.ACTIVE:
            raise WrongReplacement(
                replacement=f"{found.name} is not another skill that is active."
            )
        return found

    def undeprecate(self) -> None:
        """Offer it again. An archived one stays so: raises SkillArchived."""
        with transaction.atomic():
            if self.held().status == self.Status.ARCHIVED:
                raise SkillArchived
            self.revise(status=self.Status.ACTIVE)

    def archive(self) -> None:
        """Hide it from readers. Its name stays taken and its versions stay."""
        self.revise(status=self.Status.ARCHIVED)
