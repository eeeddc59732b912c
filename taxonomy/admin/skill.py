"""The admin pages of skills and their versions."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest
from unfold.decorators import display
from unfold.enums import ActionVariant

from core.admin import fields
from core.admin.base import FleetAdmin, Panel, Text, Verb, badge, holds, link_to
from taxonomy.admin import findings
from taxonomy.admin.skill_actions import DEPRECATE, EDITS, PUBLISH
from taxonomy.admin.usage import usage_of
from taxonomy.exceptions import VersionYanked
from taxonomy.models import BundleFile, Relation, Skill, SkillVersion, Verdict
from taxonomy.models.skill import SkillQuerySet
from taxonomy.models.version import MAX_REASON_CHARS
from taxonomy.permissions import PUBLISH_SKILLS, READ_ANALYTICS, READ_SKILLS
from taxonomy.search.results import search

SHOWN_BYTES = 1_000_000
"""The total size of shown texts. Further files are listed without text."""


@dataclass(frozen=True)
class FilesShown:
    """The files of a bundle, with texts up to SHOWN_BYTES."""

    bundle_id: str
    texts: list[Text] = field(default_factory=list)

    @classmethod
    def of(cls, bundle_id: str) -> "FilesShown":
        """Load the files in two queries."""
        entries = BundleFile.objects.filter(bundle_id=bundle_id)
        listed = list(entries.annotate(size=Length("blob__content")).order_by("path"))
        listed.sort(key=lambda entry: entry.path != "SKILL.md")
        contents = dict(
            entries.filter(pk__in=within_budget(listed)).values_list(
                "pk", "blob__content"
            )
        )
        return cls(
            bundle_id, [as_text(entry, contents.get(entry.pk)) for entry in listed]
        )

    def panel(self, title: str = "Files") -> Panel:
        return Panel(title, texts=self.texts, empty="No files.")


def within_budget(entries: Iterable[Any]) -> list[int]:
    """The keys of the first files with at most SHOWN_BYTES in total."""
    chosen, total = [], 0
    for entry in entries:
        if total + entry.size <= SHOWN_BYTES:
            chosen.append(entry.pk)
            total += entry.size
    return chosen


def as_text(entry: Any, content: bytes | memoryview | None) -> Text:
    size = f"{entry.size} bytes"
    first = entry.path == "SKILL.md"
    if content is None:
        return Text(entry.path, "", note=f"{size}, too large to show")
    try:
        return Text(entry.path, bytes(content).decode(), note=size, unfolded=first)
    except UnicodeDecodeError:
        return Text(entry.path, "", note=f"{size}, not a text")


class YankForm(forms.Form):
    reason = fields.line(max_length=MAX_REASON_CHARS, required=False)


def yank(version: SkillVersion, user: User, answers: dict[str, Any]) -> str:
    skill = version.skill
    skill.yank(version.number, answers["reason"])
    return f"{version} was yanked. The current version is {skill.current}."


def unyank(version: SkillVersion, user: User, answers: dict[str, Any]) -> str:
    version.skill.unyank(version.number)
    return f"{version} is available again."


@admin.register(SkillVersion)
class SkillVersionAdmin(FleetAdmin):
    seen_with = (READ_SKILLS,)
    list_display = (
        "skill",
        "number",
        "is_current_version",
        "author",
        "created_at",
        "yanked_at",
    )
    list_filter = (("yanked_at", admin.EmptyFieldListFilter),)
    list_display_links = ("skill", "number")
    search_fields = ("skill__name", "number", "change_summary")
    date_hierarchy = "created_at"
    fieldsets = (
        (None, {"fields": (("skill", "number"), "change_summary")}),
        (
            "Origin",
            {
                "fields": (
                    ("author", "created_at"),
                    "yanked_at",
                    "yanked_reason",
                    "bundle_id",
                )
            },
        ),
    )
    readonly_fields = ("bundle_id",)

    verbs = (
        Verb(
            "yank",
            "Yank",
            yank,
            may=holds(PUBLISH_SKILLS),
            fits=lambda version: not version.yanked_at,
            form=YankForm,
            intro="The version is kept, but requests for it are refused with a reason."
            " If it is the current one, an older version becomes current.",
            icon="block",
            variant=ActionVariant.DANGER,
        ),
        Verb(
            "unyank",
            "Unyank",
            unyank,
            may=holds(PUBLISH_SKILLS),
            fits=lambda version: bool(version.yanked_at),
            intro="The version is available again. The current version stays the same.",
            icon="undo",
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[SkillVersion]:
        """The versions of skills that the user may see."""
        visible = Skill.objects.visible_to(request.user)
        versions = super().get_queryset(request).filter(skill__in=visible)
        return versions.select_related("skill", "author").defer("body")

    @admin.display(description="Content digest")
    def bundle_id(self, version: SkillVersion) -> str:
        return version.bundle_id

    @display(description="Current", boolean=True)
    def is_current_version(self, version: SkillVersion) -> bool:
        return version.is_current

    def label_of(self, row: Any) -> str:
        return f"{row.skill} {row.number}"

    def panels(self, request: HttpRequest, row: SkillVersion) -> Iterable[Panel]:
        """Only curators see the files of a yanked version, as in the API."""
        if not request.user.has_perm(PUBLISH_SKILLS):
            try:
                row.require_not_yanked()
            except VersionYanked as withdrawn:
                yield Panel("Files", lead=str(withdrawn))
                return
        yield FilesShown.of(row.bundle_id).panel()
        frontmatter = json.dumps(row.frontmatter, indent=2, ensure_ascii=False)
        yield Panel("Frontmatter", texts=[Text("As JSON", frontmatter)])


VERSIONS_SHOWN = 50
ORIGINS_SHOWN = 20
STATUS_COLOURS = {
    Skill.Status.ACTIVE: "success",
    Skill.Status.DEPRECATED: "warning",
    Skill.Status.ARCHIVED: "danger",
}


def report_on(skill: Skill) -> dict[str, Any]:
    """The stored report; empty for a skill that was never validated."""
    verdict: Verdict | None = getattr(skill, "verdict", None)
    return verdict.report if verdict else {}


def waive(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    waived = skill.waive(findings.chosen(answers), by=user, reason=answers["reason"])
    return findings.counted(waived)


def revoke(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    skill.revoke(int(answers["waiver"]), by=user)
    return "The waiver was revoked."


def validate(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    report = skill.validate()
    return f"Validation: {report.status}, score {report.score:.0%}."


def becomes(status: Skill.Status) -> Any:
    """The `perform` of a verb that sets the status."""

    def perform(skill: Skill, user: User, answers: dict[str, Any]) -> str:
        skill.revise(status=status)
        return f"{skill.name} is {status.label.lower()} now."

    return perform


def is_not(status: Skill.Status) -> Any:
    return lambda skill: skill.status != status


@admin.register(Skill)
class SkillAdmin(FleetAdmin):
    list_display = (
        "name",
        "status_badge",
        "category",
        "current",
        "verdict_badge",
        "type",
        "load_priority",
        "updated_at",
    )
    list_filter = (
        "status",
        "verdict__status",
        findings.ValidatedByFilter,
        "type",
        "weight",
        "load_priority",
        "style",
        "category",
    )
    list_select_related = ("category", "current", "verdict")
    search_fields = ("name",)  # enables the search field, which uses the index
    search_help_text = "Searches names, descriptions, keywords and bodies"
    date_hierarchy = "updated_at"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "name",
                    "description",
                    "category",
                    "current",
                    "status_badge",
                    "verdict_badge",
                )
            },
        ),
        ("Deprecated", {"fields": ("deprecated_reason", "replacement_link")}),
        ("Traits", {"fields": (("type", "weight"), ("load_priority", "style"))}),
        ("Identity", {"fields": ("uuid", ("created_at", "updated_at"))}),
    )
    readonly_fields = ("status_badge", "verdict_badge", "replacement_link", "uuid")
    verbs: ClassVar[tuple[Verb, ...]] = (
        PUBLISH,
        Verb(
            "waive",
            "Waive findings",
            waive,
            may=holds(PUBLISH_SKILLS),
            fits=lambda skill: bool(findings.open_risks(report_on(skill))),
            form_of=lambda skill: findings.waive_form(report_on(skill)),
            picks="finding",
            intro="A waiver holds until the text of the finding changes.",
            icon="verified_user",
        ),
        Verb(
            "revoke",
            "Revoke a waiver",
            revoke,
            may=holds(PUBLISH_SKILLS),
            fits=lambda skill: skill.waivers.active().exists(),
            form_of=lambda skill: findings.revoke_form(skill.waivers),
            picks="waiver",
            intro="The finding counts again. The waiver stays on record.",
            icon="remove_moderator",
        ),
        Verb(
            "validate",
            "Validate again",
            validate,
            may=holds(PUBLISH_SKILLS),
            intro="Validates the current version by the current rules.",
            icon="fact_check",
        ),
        *EDITS,
        Verb(
            "activate",
            "Make active",
            becomes(Skill.Status.ACTIVE),
            may=holds(PUBLISH_SKILLS),
            fits=is_not(Skill.Status.ACTIVE),
            intro="The skill is offered to agents again.",
            icon="check_circle",
        ),
        DEPRECATE,
        Verb(
            "archive",
            "Archive",
            becomes(Skill.Status.ARCHIVED),
            may=holds(PUBLISH_SKILLS),
            fits=is_not(Skill.Status.ARCHIVED),
            intro="Only curators see it then. Its name and versions are kept.",
            icon="archive",
            variant=ActionVariant.DANGER,
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search by the index, like the API. The list keeps its own order."""
        if not search_term.strip():
            return queryset, False
        skills = cast(SkillQuerySet, queryset)
        within = search_term[: settings.SKILLFLEET_MAX_QUERY_CHARS]  # as in the API
        return search(skills, within).skills(), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Skill]:
        rows = super().get_queryset(request)
        rows = rows.select_related("category", "current", "verdict")
        return rows.defer("verdict__report")

    @admin.display(description="Status", ordering="status")
    def status_badge(self, skill: Skill) -> str:
        colour = STATUS_COLOURS[Skill.Status(skill.status)]
        return badge(skill.get_status_display(), colour)

    @admin.display(description="Validation", ordering="verdict__status")
    def verdict_badge(self, skill: Skill) -> str | None:
        return findings.verdict_badge(getattr(skill, "verdict", None))

    @admin.display(description="Replacement")
    def replacement_link(self, skill: Skill) -> str | None:
        """None also if it has been archived, as in the API."""
        other = skill.replacement
        return link_to(other) if other and not other.is_archived else None

    def panels(self, request: HttpRequest, row: Skill) -> Iterable[Panel]:
        user: User = request.user  # type: ignore[assignment]
        if report := report_on(row):
            yield findings.findings_panel(report, self.verb_url("waive", user, row))
        if row.waivers.exists():
            revoking = self.verb_url("revoke", user, row)
            yield findings.waivers_panel(row.waivers, revoking)
        yield FilesShown.of(row.current.bundle_id).panel(f"Files of {row.current}")
        yield versions_of(row)
        if request.user.has_perm(READ_ANALYTICS):
            yield usage_of(row)
        yield Panel(
            "Labels",
            headers=("Kind", "Value"),
            rows=[
                (label.get_kind_display(), label.value) for label in row.labels.all()
            ],
            empty="No labels.",
        )
        yield Panel(
            "Relations",
            headers=("Kind", "Skill"),
            rows=[
                (each.get_kind_display(), target_of(each))
                for each in row.relations.select_related("target")
            ],
            empty="No relations.",
        )
        if request.user.has_perm(PUBLISH_SKILLS):
            yield origins_of(row)
        yield Panel(
            "Names",
            headers=("Name", "Current"),
            rows=[
                (address.path, "yes" if address.current else "former")
                for address in row.addresses.all()
            ],
        )
        paths = row.former_paths.exclude(category=row.category_id)
        if former := paths.select_related("category").order_by("category__path"):
            yield Panel(
                "Former categories",
                headers=("Path",),
                rows=[(link_to(each.category),) for each in former],
            )


def origins_of(skill: Skill) -> Panel:
    return Panel(
        "Imported from",
        headers=("Source", "Folder", "Imported", "Unchanged"),
        rows=[
            (
                origin.source,
                origin.path,
                origin.imported_at,
                "yes" if origin.published == skill.current.bundle_id else "no",
            )
            for origin in skill.origins.all()[:ORIGINS_SHOWN]
        ],
        empty="The skill was not imported.",
    )


def versions_of(skill: Skill) -> Panel:
    versions = skill.versions.select_related("author").defer("body", "frontmatter")
    listed = list(versions[: VERSIONS_SHOWN + 1])
    return Panel(
        "Versions",
        headers=("Version", "Published", "By", "Change", "Yanked"),
        rows=[version_row(version) for version in listed[:VERSIONS_SHOWN]],
        more="Older versions are in the list of versions."
        if len(listed) > VERSIONS_SHOWN
        else "",
    )


def version_row(version: SkillVersion) -> tuple[Any, ...]:
    return (
        link_to(version),
        version.created_at,
        version.author,
        version.change_summary,
        version.yanked_at,
    )


def target_of(relation: Relation) -> str:
    """As in the API: the name as written, if the skill is archived."""
    target = relation.target
    if target is None or target.is_archived:
        return relation.public_name
    return link_to(target)
