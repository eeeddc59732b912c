"""Published skills: queries, and the methods that change a skill."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from cachelayer import InvalidatingQuerySet
from taxonomy.exceptions import (
    LastVersion,
    NothingToWaive,
    SkillArchived,
    SkillChanged,
    TooManyLabels,
    UnknownSkill,
    UnknownVersion,
    UnknownWaiver,
    VersionWithdrawn,
    WrongReplacement,
)
from taxonomy.limits import configured_limits
from taxonomy.models.address import (
    MAX_NAME_CHARS,
    SKILL_NAME,
    Address,
    FormerPath,
    parent_of,
    within,
)
from taxonomy.models.category import Category
from taxonomy.models.label import FacetDefinition, Label
from taxonomy.models.relation import Relation, lock_relations
from taxonomy.models.verdict import BaseWaiver, Verdict, Waiver
from taxonomy.models.version import MAX_REASON_CHARS, SkillVersion
from taxonomy.package import SkillMetadata
from taxonomy.permissions import Audience, audience_of
from taxonomy.publishing import PublishingManager
from taxonomy.skillmd.findings import FindingFilter, WaivedFinding, is_covered
from taxonomy.skillmd.report import Report


class SkillQuerySet(InvalidatingQuerySet):
    def active(self) -> "SkillQuerySet":
        """Skills that are offered to agents."""
        return self.filter(status=Skill.Status.ACTIVE)

    def visible_to(self, user: User | AnonymousUser) -> "SkillQuerySet":
        """All skills for curators, those not archived for readers, else none."""
        return self.visible_as(audience_of(user))

    def visible_as(self, audience: Audience) -> "SkillQuerySet":
        """The skills that everyone in the audience may see."""
        match audience:
            case Audience.CURATORS:
                return self.all()
            case Audience.READERS | Audience.PUBLIC:
                return self.exclude(status=Skill.Status.ARCHIVED)
        return self.none()

    def within(self, path: str) -> "SkillQuerySet":
        """The skills of the category at the path, and of all categories below it."""
        return self.filter(within(path, "category__path"))

    def at(self, path: str) -> "SkillQuerySet":
        """The skill with this full path, or the skills of the category with this path.

        Former paths count as well.
        """
        parent, _, name = path.rpartition("/")
        category = Category.objects.filter(
            addresses__kind=Address.Kind.CATEGORY, addresses__path=path
        ).first()
        current_path = category.path if category else path
        parents = Category.objects.filter(
            addresses__kind=Address.Kind.CATEGORY, addresses__path=parent
        ).values("pk")
        named = Address.objects.filter(
            Q(skill__category__in=parents)
            | Q(skill__former_paths__category__in=parents),
            kind=Address.Kind.SKILL,
            path=name,
        )
        return self.filter(
            within(current_path, "category__path") | Q(pk__in=named.values("skill"))
        )

    def labelled(self, kind: Label.Kind, value: str) -> "SkillQuerySet":
        return self.filter(
            Exists(Label.objects.filter(skill=OuterRef("pk"), kind=kind, value=value))
        )

    def requiring(self, skill: "Skill") -> "SkillQuerySet":
        """The skills that directly require this skill."""
        relations = Relation.objects.filter(target=skill, kind=Relation.Kind.REQUIRED)
        return self.filter(pk__in=relations.values("skill"))

    def counts_by_path(self) -> Counter[str]:
        """The number of skills in and below each category, by its path."""
        rows = self.order_by().values_list("category__path")
        counts: Counter[str] = Counter()
        for path, count in rows.annotate(count=models.Count("pk")):
            while path:
                counts[path] += count
                path = parent_of(path)
        return counts

    def resolve(self, ref: str) -> "Skill":
        """The skill with this name, former name or UUID. Raises DoesNotExist."""
        if len(ref) <= MAX_NAME_CHARS and SKILL_NAME.fullmatch(ref):
            named = self.filter(addresses__kind=Address.Kind.SKILL, addresses__path=ref)
            if skill := named.first():
                return skill
        try:
            return self.get(pk=uuid.UUID(ref))
        except ValueError:
            raise Skill.DoesNotExist(ref) from None

    def for_reading(self) -> "SkillQuerySet":
        """Load everything that a detail page shows, in a fixed number of queries."""
        skills = self.select_related(
            "category", "current__author", "replacement", "verdict"
        )
        return skills.prefetch_related("labels").defer("verdict__report")

    def for_detail(self) -> "SkillQuerySet":
        """As `for_reading`, and also load the relations and addresses of each skill."""
        relations = models.Prefetch(
            "relations", Relation.objects.select_related("target")
        )
        return self.for_reading().prefetch_related(relations, "addresses")

    def for_naming(self) -> "SkillQuerySet":
        """Load only path, description, version and verdict."""
        verdict = ("status", "score", "errors", "warnings", "waived", "judged_at")
        skills = self.select_related("category", "current", "verdict")
        return skills.only(
            *("name", "description", "category__path", "current__number"),
            *(f"verdict__{field}" for field in verdict),
        )

    def for_listing(self) -> "SkillQuerySet":
        """Load everything that a list shows, without the content of the skills."""
        skills = self.select_related("category", "current", "verdict")
        unlisted = [f"current__{field}" for field in SkillVersion.CONTENT]
        return skills.prefetch_related("labels").defer(*unlisted, "verdict__report")


class SkillManager(PublishingManager.from_queryset(SkillQuerySet)):  # type: ignore[misc]
    """The queries of `SkillQuerySet`, and `publish`, which writes a skill."""


class Skill(models.Model):
    """A published skill. Its content is in its versions; readers get `current`."""

    class Type(models.TextChoices):
        COGNITIVE = "cognitive"
        """A way to think."""
        TECHNICAL = "technical"
        """How a technology is used."""
        DOMAIN = "domain"
        """Knowledge of a field."""
        TOOL = "tool"
        """How one tool is used."""
        MCP = "mcp"
        """How the tools of an MCP server are used."""
        SPECIALIZATION = "specialization"
        """A narrower form of another skill."""
        TASK_FOCUS = "task_focus"
        """One task from beginning to end."""
        MEMORY = "memory"
        """Facts to remember."""

    class Weight(models.TextChoices):
        LIGHTWEIGHT = "lightweight"
        """Takes little of an agent's context."""
        MEDIUM = "medium"
        """Takes some of the context."""
        HEAVYWEIGHT = "heavyweight"
        """Takes much of the context; open it only with a reason."""

    class LoadPriority(models.TextChoices):
        ALWAYS = "always"
        """Listed first, whatever the budget."""
        TASK_SPECIFIC = "task_specific"
        """Listed for the tasks that it fits."""
        ON_DEMAND = "on_demand"
        """Listed if the budget allows it."""
        DORMANT = "dormant"
        """Listed last."""

    class Style(models.TextChoices):
        NAVIGATION_HUB = "navigation_hub"
        """A short SKILL.md that leads to references."""
        COMPREHENSIVE = "comprehensive"
        """SKILL.md contains everything."""
        MINIMAL = "minimal"
        """As short as possible."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        """Offered to agents."""
        DEPRECATED = "deprecated"
        """Readable, but no longer offered."""
        ARCHIVED = "archived"
        """Visible to curators only."""

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
    """The skill to use instead, if this one is deprecated."""
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SkillManager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("name",)
        permissions = (("publish_skill", "Can publish, edit and archive skills"),)
        indexes = (
            # Facets are counted from this index alone. Category comes first: otherwise
            # SQLite would use it to look up a status or type, and sort the result.
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
        """The full path in the taxonomy: development/python/pdf-tools."""
        return f"{self.category.path}/{self.name}"

    @property
    def is_archived(self) -> bool:
        """Whether only curators may see it."""
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
        """Move, label, classify and rename the skill; what is not given stays.

        `category` is a path; `labels` replace those of their kind; `fields` are
        type, weight, load_priority, style and status. Only another `name` makes a
        new version, by `author`. Raises UnknownCategory, or as `rename`.
        """
        with transaction.atomic():
            if name not in (None, Skill.objects.only("name").get(pk=self.pk).name):
                if fields.get("status", Skill.Status.ARCHIVED) != Skill.Status.ARCHIVED:
                    self._restore(fields["status"])
                Skill.objects.rename(self, name, author=author)
            # Lock and reread the row: other fields keep the values of the last writer.
            locked = self.locked()
            updates: dict[str, object] = dict(fields)
            if category is not None:
                locked.move_to(Category.objects.named(category))
                updates["category"] = locked.category
            for kind, values in (labels or {}).items():
                locked.set_labels(kind, values)
            if updates.get("status", locked.status) != self.Status.DEPRECATED:
                updates |= {"deprecated_reason": "", "replacement": None}
            for field, value in updates.items():
                setattr(locked, field, value)
            locked.save(update_fields=["updated_at", *updates])
        self.refresh_from_db()

    def _restore(self, status: str) -> None:
        """Set the status of an archived skill; it could not be renamed otherwise."""
        lock_relations()
        locked = self.locked()
        if locked.is_archived:
            locked.status = status
            locked.save(update_fields=["status"])

    def move_to(self, category: Category) -> None:
        """Set the category; the former full path still resolves to the skill.

        The caller has locked the skill, and saves it. Raises UnknownCategory.
        """
        Category.objects.lock(category, self.category_id)
        if category.pk != self.category_id:
            FormerPath.objects.record(self)
            self.category = category

    def deprecate(self, reason: str = "", replacement: str | None = None) -> None:
        """Stop offering the skill; record why, and which active skill to use instead.

        `replacement` is a name, former name or UUID. Raises UnknownSkill,
        WrongReplacement or SkillArchived.
        """
        substitute = self._substitute(replacement) if replacement else None
        with transaction.atomic():
            locked = self.locked()
            if locked.status == self.Status.ARCHIVED:
                raise SkillArchived
            locked.status = self.Status.DEPRECATED
            locked.deprecated_reason = reason
            locked.replacement = substitute
            locked.save()
        self.refresh_from_db()

    def relabel(
        self,
        add: Mapping[Label.Kind, Iterable[str]],
        remove: Mapping[Label.Kind, Iterable[str]],
    ) -> None:
        """Add and remove labels; all others stay.

        Raises TooManyLabels or InvalidFacet.
        """
        limit = settings.SKILLFLEET_MAX_LABELS
        with transaction.atomic():
            locked = self.locked()
            for kind in add.keys() | remove.keys():
                before = set(
                    locked.labels.filter(kind=kind).values_list("value", flat=True)
                )
                after = (before - {*remove.get(kind, ())}) | {*add.get(kind, ())}
                # A skill with too many labels already may keep or reduce them.
                if len(after) > max(limit, len(before)):
                    raise TooManyLabels(
                        **{kind: f"{len(after)} labels; at most {limit}."}
                    )
                locked.set_labels(kind, after)
            locked.save(update_fields=["updated_at"])
        self.refresh_from_db()

    def set_labels(self, kind: Label.Kind, values: Iterable[str]) -> None:
        """Replace the skill's labels of the kind. Raises InvalidFacet."""
        labels = set(values)
        if kind == Label.Kind.FACET:
            FacetDefinition.objects.require(labels)
        Label.objects.set_labels(self, kind, labels)

    def _substitute(self, ref: str) -> "Skill":
        """The skill that replaces this one. Raises UnknownSkill or WrongReplacement."""
        try:
            substitute: Skill = Skill.objects.resolve(ref)
        except Skill.DoesNotExist:
            raise UnknownSkill(replacement=f"There is no skill {ref[:80]!r}.") from None
        if substitute.pk == self.pk or substitute.status != self.Status.ACTIVE:
            raise WrongReplacement(
                replacement=f"{substitute.name} is not another skill that is active."
            )
        return substitute

    def undeprecate(self) -> None:
        """Offer the skill again. Raises SkillArchived for an archived one."""
        with transaction.atomic():
            if self.locked().status == self.Status.ARCHIVED:
                raise SkillArchived
            self.revise(status=self.Status.ACTIVE)

    def archive(self) -> None:
        """Hide the skill from readers. Its name stays reserved, its versions stay."""
        self.revise(status=self.Status.ARCHIVED)

    def locked(self) -> "Skill":
        """The current row, locked for this transaction to change.

        The lock (FOR NO KEY UPDATE) allows others to create rows that refer to it.
        """
        rows = Skill.objects.select_for_update(of=("self",), no_key=True)
        locked: Skill = rows.get(pk=self.pk)
        return locked

    def version(self, number: str) -> SkillVersion:
        """The version with the number. Raises UnknownVersion."""
        version = self._versions.filter(number=number).first()
        if version is None:
            raise UnknownVersion(version=f"{self} has no version {number[:80]!r}.")
        return version

    @property
    def _versions(self) -> models.QuerySet[SkillVersion]:
        return SkillVersion.objects.filter(skill_id=self.pk)

    def roll_back(self, number: str) -> SkillVersion:
        """Make another published version, an older or a newer one, the current one.

        Name, description and labels become those of that version. Raises
        UnknownVersion, SkillArchived, or VersionWithdrawn if the version is yanked.
        """
        with transaction.atomic():
            skill = self.locked()
            if skill.is_archived:
                raise SkillArchived
            version = skill.version(number)
            if version.yanked_at:
                raise VersionWithdrawn(
                    version=f"Version {number} is yanked. Unyank it first."
                )
            if version.pk != skill.current_id:
                skill.make_current(version)
        self.refresh_from_db()
        return version

    def yank(self, number: str, reason: str = "") -> SkillVersion:
        """Withdraw a version. Its row is kept; requests for it get the reason.

        If it is the current version, the next older one that is not yanked becomes
        current, or else the newest. Raises UnknownVersion or LastVersion.
        """
        with transaction.atomic():
            skill = self.locked()
            version = skill.version(number)
            if version.pk == skill.current_id:
                skill.make_current(skill._successor_of(version))
            version.yanked_at = version.yanked_at or Now()
            version.yanked_reason = reason
            version.save(update_fields=["yanked_at", "yanked_reason"])
        self.refresh_from_db()
        version.refresh_from_db()
        return version

    def unyank(self, number: str) -> SkillVersion:
        """Undo `yank`. The current version stays current. Raises UnknownVersion."""
        with transaction.atomic():
            version = self.locked().version(number)
            version.yanked_at, version.yanked_reason = None, ""
            version.save(update_fields=["yanked_at", "yanked_reason"])
        return version

    def _successor_of(self, version: SkillVersion) -> SkillVersion:
        """The version that is current after this one is yanked. Raises LastVersion."""
        others = self._versions.filter(yanked_at=None).exclude(pk=version.pk)
        older = others.filter(pk__lt=version.pk)
        successor = older.order_by("-pk").first() or others.order_by("-pk").first()
        if successor is None:
            raise LastVersion
        return successor

    def make_current(self, version: SkillVersion) -> None:
        """Make a published version current. The skill takes the version's name.

        No other skill can have that name: every name that a skill has had stays
        reserved for it.
        """
        metadata = SkillMetadata.of(
            version.frontmatter, version.body, configured_limits()
        )
        self.apply_version(version, metadata)

    def apply_version(
        self,
        version: SkillVersion,
        metadata: SkillMetadata,
        report: Report | None = None,
        **save_options: Any,
    ) -> None:
        """Set name, description, labels and verdict from a version, and save.

        Labels of kinds that the version does not mention stay. `report` is the report
        on the version; without it the files are validated.
        """
        is_renamed = self._state.adding or self.name != metadata.name
        self.name = metadata.name
        self.current = version
        self.description = metadata.description
        self.save(**save_options)
        if is_renamed and Address.objects.claim_name(self):
            Relation.objects.link(self, self.name)
        for kind, values in metadata.labels.items():
            Label.objects.set_labels(self, Label.Kind(kind), values)
        self.store_verdict(report)

    def validate(self) -> Report:
        """Validate the current files, and store the verdict.

        It is not stored if another version has become current meanwhile.
        """
        report = self._report()
        with transaction.atomic():
            locked = self.locked()
            if locked.current_id == self.current_id:
                report = locked.store_verdict(report)
        return report

    def store_verdict(self, report: Report | None = None) -> Report:
        """Store the report on the current files, after applying the active waivers.

        The caller has locked the skill, so that no waiver changes meanwhile. Without
        `report` the files are validated.
        """
        report = (report or self._report()).with_waived(self._waived())
        Verdict.objects.store(self, report)
        return report

    def waive(self, chosen: FindingFilter, *, by: User, reason: str) -> list[Waiver]:
        """Waive the findings of the scan that `chosen` selects.

        Raises NothingToWaive if it selects none, or all are waived already.
        """
        report = self._report()
        findings = chosen.matching(report.open_risks)
        with transaction.atomic():
            locked = self._locked_unchanged()
            waivers: list[Waiver] = Waiver.objects.grant(
                findings, by=by, reason=reason, skill=locked
            )
            if not waivers:
                raise NothingToWaive
            locked.store_verdict(report)
        return waivers

    def copy_waivers(self, waivers: Iterable[BaseWaiver]) -> None:
        """Copy the waivers of a draft, with their people, times and reasons."""
        existing = self._waived()
        for each in waivers:
            if not is_covered(each.waived, existing):
                Waiver.objects.replace(each.person, skill=self, **each.as_fields())

    def revoke(self, waiver_id: int, *, by: User) -> None:
        """Revoke a waiver, so that its finding counts again. Raises UnknownWaiver."""
        report = self._report()
        with transaction.atomic():
            locked = self._locked_unchanged()
            waiver = locked.waivers.active().filter(pk=waiver_id).first()
            if waiver is None:
                raise UnknownWaiver
            waiver.revoke(by)
            locked.store_verdict(report)

    def _report(self) -> Report:
        """Validate the current files, and apply the active waivers."""
        return self.current.bundle.package().report_with(self._waived())

    def _waived(self) -> frozenset[WaivedFinding]:
        return Waiver.objects.filter(skill_id=self.pk).waived()

    def _locked_unchanged(self) -> "Skill":
        """The locked row. Raises SkillChanged if another version is current now."""
        locked = self.locked()
        if locked.current_id != self.current_id:
            raise SkillChanged
        return locked
