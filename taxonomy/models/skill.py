"""Skills: what is published, under which name, and who may see it."""

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
        """Those that agents are offered."""
        return self.filter(status=Skill.Status.ACTIVE)

    def visible_to(self, user: User | AnonymousUser) -> "SkillQuerySet":
        """All skills for curators, those not archived for readers, else none."""
        return self.visible_as(audience_of(user))

    def visible_as(self, audience: Audience) -> "SkillQuerySet":
        """The skills that everyone in the audience may see."""
        match audience:
            case Audience.CURATORS:
                return self.all()
            case Audience.READERS:
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
        """The skills that require it directly."""
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
        """With everything that a detail page shows, in a fixed number of queries."""
        skills = self.select_related(
            "category", "current__author", "replacement", "verdict"
        )
        return skills.prefetch_related("labels").defer("verdict__report")

    def for_detail(self) -> "SkillQuerySet":
        """As `for_reading`, and with the relations and the names of each skill."""
        pointing = models.Prefetch(
            "relations", Relation.objects.select_related("target")
        )
        return self.for_reading().prefetch_related(pointing, "addresses")

    def for_naming(self) -> "SkillQuerySet":
        """With path, description, version and verdict, and nothing else."""
        verdict = ("status", "score", "errors", "warnings", "waived", "judged_at")
        skills = self.select_related("category", "current", "verdict")
        return skills.only(
            *("name", "description", "category__path", "current__number"),
            *(f"verdict__{field}" for field in verdict),
        )

    def for_listing(self) -> "SkillQuerySet":
        """With everything that a list shows, and without the content of the skills."""
        skills = self.select_related("category", "current", "verdict")
        unlisted = [f"current__{field}" for field in SkillVersion.CONTENT]
        return skills.prefetch_related("labels").defer(*unlisted, "verdict__report")


class SkillManager(PublishingManager.from_queryset(SkillQuerySet)):  # type: ignore[misc]
    """Queries, and `publish`, the one way to write a skill."""


class Skill(models.Model):
    """A published skill. Its content is in its versions; readers get `current`."""

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
            locked = self.locked()
            given: dict[str, object] = dict(fields)
            if category is not None:
                locked.move_to(Category.objects.named(category))
                given["category"] = locked.category
            for kind, values in (labels or {}).items():
                locked.set_labels(kind, values)
            if given.get("status", locked.status) != self.Status.DEPRECATED:
                given |= {"deprecated_reason": "", "replacement": None}
            for field, value in given.items():
                setattr(locked, field, value)
            locked.save(update_fields=["updated_at", *given])
        self.refresh_from_db()

    def _restore(self, status: str) -> None:
        """Before it is renamed, which an archived one cannot be."""
        lock_relations()
        locked = self.locked()
        if locked.is_archived:
            locked.status = status
            locked.save(update_fields=["status"])

    def move_to(self, category: Category) -> None:
        """Its category from now on; where it was goes on leading to it.

        It is locked, and to be saved. Raises UnknownCategory.
        """
        Category.objects.lock(category, self.category_id)
        if category.pk != self.category_id:
            FormerPath.objects.record(self)
            self.category = category

    def deprecate(self, reason: str = "", replacement: str | None = None) -> None:
        """Offer it no longer; say why, and which active skill to use instead.

        `replacement` is a name, former name or UUID. Raises UnknownSkill,
        WrongReplacement or SkillArchived.
        """
        instead = self._replaced_by(replacement) if replacement else None
        with transaction.atomic():
            locked = self.locked()
            if locked.status == self.Status.ARCHIVED:
                raise SkillArchived
            locked.status = self.Status.DEPRECATED
            locked.deprecated_reason = reason
            locked.replacement = instead
            locked.save()
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
            locked = self.locked()
            for kind in add.keys() | remove.keys():
                there = set(
                    locked.labels.filter(kind=kind).values_list("value", flat=True)
                )
                wanted = (there - {*remove.get(kind, ())}) | {*add.get(kind, ())}
                if len(wanted) > max(most, len(there)):
                    raise TooManyLabels(
                        **{kind: f"{len(wanted)} labels; at most {most}."}
                    )
                locked.set_labels(kind, wanted)
            locked.save(update_fields=["updated_at"])
        self.refresh_from_db()

    def set_labels(self, kind: Label.Kind, values: Iterable[str]) -> None:
        """Its only labels of the kind, from now on. Raises InvalidFacet."""
        wanted = set(values)
        if kind == Label.Kind.FACET:
            FacetDefinition.objects.require(wanted)
        Label.objects.set_labels(self, kind, wanted)

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
            if self.locked().status == self.Status.ARCHIVED:
                raise SkillArchived
            self.revise(status=self.Status.ACTIVE)

    def archive(self) -> None:
        """Hide it from readers. Its name stays taken and its versions stay."""
        self.revise(status=self.Status.ARCHIVED)

    def locked(self) -> "Skill":
        """The row as it is now, locked for this transaction to change.

        Other rows may still come to refer to it.
        """
        rows = Skill.objects.select_for_update(of=("self",), no_key=True)
        locked: Skill = rows.get(pk=self.pk)
        return locked

    def published(self, number: str) -> SkillVersion:
        """Raises UnknownVersion."""
        version = self._versions.filter(number=number).first()
        if version is None:
            raise UnknownVersion(version=f"{self} has no version {number[:80]!r}.")
        return version

    @property
    def _versions(self) -> models.QuerySet[SkillVersion]:
        return SkillVersion.objects.filter(skill_id=self.pk)

    def roll_back(self, number: str) -> SkillVersion:
        """Make another published version the current one, an older or a newer one.

        Name, description and labels become what that version says. Raises
        UnknownVersion, VersionWithdrawn (it is yanked) or SkillArchived.
        """
        with transaction.atomic():
            skill = self.locked()
            if skill.is_archived:
                raise SkillArchived
            version = skill.published(number)
            if version.yanked_at:
                raise VersionWithdrawn(
                    version=f"Version {number} is yanked. Undo that first."
                )
            if version.pk != skill.current_id:
                skill.make_current(version)
        self.refresh_from_db()
        return version

    def yank(self, number: str, reason: str = "") -> SkillVersion:
        """Withdraw a version. It is kept; readers who ask for it get the reason.

        If it is the current version, the next older one that is not yanked becomes
        current, or else the newest. Raises UnknownVersion or LastVersion.
        """
        with transaction.atomic():
            skill = self.locked()
            version = skill.published(number)
            if version.pk == skill.current_id:
                skill.make_current(skill._replacement_for(version))
            version.yanked_at = version.yanked_at or Now()
            version.yanked_reason = reason
            version.save(update_fields=["yanked_at", "yanked_reason"])
        self.refresh_from_db()
        version.refresh_from_db()
        return version

    def unyank(self, number: str) -> SkillVersion:
        """Undo `yank`. The current version stays current. Raises UnknownVersion."""
        with transaction.atomic():
            version = self.locked().published(number)
            version.yanked_at, version.yanked_reason = None, ""
            version.save(update_fields=["yanked_at", "yanked_reason"])
        return version

    def _replacement_for(self, version: SkillVersion) -> SkillVersion:
        """The version to be current when this one is yanked. Raises LastVersion."""
        others = self._versions.filter(yanked_at=None).exclude(pk=version.pk)
        older = others.filter(pk__lt=version.pk)
        found = older.order_by("-pk").first() or others.order_by("-pk").first()
        if found is None:
            raise LastVersion
        return found

    def make_current(self, version: SkillVersion) -> None:
        """Make a version of before current; the name it declares is still reserved."""
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
        """Copy what a version says to the skill, its labels and its verdict.

        Labels of kinds that the version does not mention stay. `report` is that on
        the version; without it the files are validated.
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
        """Validate the current files, and store the verdict."""
        report = self._report()
        with transaction.atomic():
            locked = self.locked()
            if locked.current_id == self.current_id:
                report = locked.store_verdict(report)
        return report

    def store_verdict(self, report: Report | None = None) -> Report:
        """Store the report on the current files, with the waivers of now applied.

        The caller has locked the skill, so that no waiver changes meanwhile.
        """
        report = (report or self._report()).with_waived(self._waived())
        Verdict.objects.store(self, report)
        return report

    def waive(self, chosen: FindingFilter, *, by: User, reason: str) -> list[Waiver]:
        """Waive the scan's open findings that `chosen` selects.

        Raises NothingToWaive.
        """
        report = self._report()
        findings = chosen.matching(report.open_risks)
        with transaction.atomic():
            locked = self._locked_unchanged()
            waivers: list[Waiver] = Waiver.objects.grant(
                findings, by=by, reason=reason, skill=locked
            )
            if not waivers:  # none is open, or somebody else has just waived them
                raise NothingToWaive
            locked.store_verdict(report)
        return waivers

    def copy_waivers(self, waivers: Iterable[BaseWaiver]) -> None:
        """Take over the waivers of a draft, with their persons and reasons."""
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
        return self.current.bundle.package().report_with(self._waived())

    def _waived(self) -> frozenset[WaivedFinding]:
        return Waiver.objects.filter(skill_id=self.pk).waived()

    def _locked_unchanged(self) -> "Skill":
        """The locked row. Raises SkillChanged if another version is current now."""
        locked = self.locked()
        if locked.current_id != self.current_id:
            raise SkillChanged
        return locked
