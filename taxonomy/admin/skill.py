"""The admin pages of skills and their versions."""

import json
from collections.abc import Iterable
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display
from unfold.enums import ActionVariant

from core.admin import fields
from core.admin.base import FleetAdmin, Panel, Text, Verb, badge, holds, link_to
from taxonomy.admin import findings
from taxonomy.admin.bundle_files import FilesShown
from taxonomy.admin.skill_actions import DEPRECATE, EDITS, PUBLISH
from taxonomy.admin.usage import usage_of
from taxonomy.exceptions import VersionYanked
from taxonomy.models import Relation, Skill, SkillVersion, Verdict
from taxonomy.models.skill import SkillQuerySet
from taxonomy.models.version import MAX_REASON_CHARS
from taxonomy.permissions import PUBLISH_SKILLS, READ_ANALYTICS, READ_SKILLS
from taxonomy.search.results import search


class YankForm(forms.Form):
    reason = fields.line(max_length=MAX_REASON_CHARS, required=False)


def yank(version: SkillVersion, user: User, answers: dict[str, Any]) -> str:
    skill = version.skill
    skill.yank(version.number, answers["reason"])
    return f"{version} is yanked; {skill.name} is read from {skill.current}."


def put_back(version: SkillVersion, user: User, answers: dict[str, Any]) -> str:
    version.skill.put_back(version.number)
    return f"{version} can be had again."


@admin.register(SkillVersion)
class SkillVersionAdmin(FleetAdmin):
    seen_with = (READ_SKILLS,)
    list_display = ("skill", "number", "is_shown", "author", "created_at", "yanked_at")
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
            form=lambda version: YankForm,
            intro="It is kept, and whoever asks for it is told the reason. If it is the"
            " current one, an older one is read from now on.",
            icon="block",
            variant=ActionVariant.DANGER,
        ),
        Verb(
            "put-back",
            "Put back",
            put_back,
            may=holds(PUBLISH_SKILLS),
            fits=lambda version: bool(version.yanked_at),
            intro="It can be had again; which version is current stays.",
            icon="undo",
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[SkillVersion]:
        """Of the skills that the person may see."""
        seen = Skill.objects.visible_to(request.user)
        versions = super().get_queryset(request).filter(skill__in=seen)
        return versions.select_related("skill", "author").defer("body")

    @admin.display(description="Content digest")
    def bundle_id(self, version: SkillVersion) -> str:
        return version.bundle_id

    @display(description="Current", boolean=True)
    def is_shown(self, version: SkillVersion) -> bool:
        return version.is_current

    def label_of(self, row: Any) -> str:
        return f"{row.skill} {row.number}"

    def panels(self, request: HttpRequest, row: SkillVersion) -> Iterable[Panel]:
        """A yanked one is read by curators alone, as by the API."""
        if not request.user.has_perm(PUBLISH_SKILLS):
            try:
                row.require_offered()
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
    """Empty for a skill that nobody has validated here yet."""
    verdict: Verdict | None = getattr(skill, "verdict", None)
    return verdict.report if verdict else {}


def waive(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    waived = skill.waive(findings.chosen(answers), by=user, reason=answers["reason"])
    return findings.counted(waived)


def revoke(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    skill.revoke(int(answers["waiver"]), by=user)
    return "The waiver is revoked."


def validate(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    report = skill.judge()
    return f"Validation {report.status}, score {report.score:.0%}."


def becomes(status: Skill.Status) -> Any:
    """A verb's `perform` that sets the status."""

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
        "shown_status",
        "category",
        "current",
        "shown_verdict",
        "type",
        "load_priority",
        "updated_at",
    )
    list_filter = (
        "status",
        "verdict__status",
        findings.JudgedBy,
        "type",
        "weight",
        "load_priority",
        "style",
        "category",
    )
    list_select_related = ("category", "current", "verdict")
    search_fields = ("name",)  # shows the field; `search` looks at more
    search_help_text = "Words of names, descriptions, keywords and bodies"
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
                    "shown_status",
                    "shown_verdict",
                )
            },
        ),
        ("Deprecated", {"fields": ("deprecated_reason", "use_instead")}),
        ("Traits", {"fields": (("type", "weight"), ("load_priority", "style"))}),
        ("Identity", {"fields": ("uuid", ("created_at", "updated_at"))}),
    )
    readonly_fields = ("shown_status", "shown_verdict", "use_instead", "uuid")
    verbs: ClassVar[tuple[Verb, ...]] = (
        PUBLISH,
        Verb(
            "waive",
            "Waive findings",
            waive,
            may=holds(PUBLISH_SKILLS),
            fits=lambda skill: bool(findings.open_risks(report_on(skill))),
            form=lambda skill: findings.waive_form(report_on(skill)),
            picks="finding",
            intro="A waiver holds as long as the text that was found stays as it is.",
            icon="verified_user",
        ),
        Verb(
            "revoke",
            "Revoke a waiver",
            revoke,
            may=holds(PUBLISH_SKILLS),
            fits=lambda skill: skill.waivers.standing().exists(),
            form=lambda skill: findings.revoke_form(skill.waivers),
            picks="waiver",
            intro="The finding counts again; that it was waived stays on record.",
            icon="remove_moderator",
        ),
        Verb(
            "validate",
            "Validate again",
            validate,
            may=holds(PUBLISH_SKILLS),
            intro="Checks the current version anew, by today's rules.",
            icon="fact_check",
        ),
        *EDITS,
        Verb(
            "activate",
            "Make active",
            becomes(Skill.Status.ACTIVE),
            may=holds(PUBLISH_SKILLS),
            fits=is_not(Skill.Status.ACTIVE),
            intro="Agents are offered it again.",
            icon="check_circle",
        ),
        DEPRECATE,
        Verb(
            "archive",
            "Archive",
            becomes(Skill.Status.ARCHIVED),
            may=holds(PUBLISH_SKILLS),
            fits=is_not(Skill.Status.ARCHIVED),
            intro="Only curators see it then. Its name stays taken, its versions stay.",
            icon="archive",
            variant=ActionVariant.DANGER,
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the index, as the API; the list keeps its own order."""
        if not search_term.strip():
            return queryset, False
        skills = cast(SkillQuerySet, queryset)
        return search(skills, search_term).skills(), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Skill]:
        rows = super().get_queryset(request)
        shown = rows.select_related("category", "current", "verdict")
        return shown.defer("verdict__report")

    @admin.display(description="Status", ordering="status")
    def shown_status(self, skill: Skill) -> str:
        colour = STATUS_COLOURS[Skill.Status(skill.status)]
        return badge(skill.get_status_display(), colour)

    @admin.display(description="Validation", ordering="verdict__status")
    def shown_verdict(self, skill: Skill) -> str | None:
        return findings.verdict_shown(getattr(skill, "verdict", None))

    @admin.display(description="Replacement")
    def use_instead(self, skill: Skill) -> str | None:
        """None also when it was archived since, as in the API."""
        instead = skill.replacement
        return link_to(instead) if instead and not instead.is_archived else None

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
            "Names that resolve to it",
            headers=("Name", "Current"),
            rows=[
                (address.path, "yes" if address.current else "former")
                for address in row.addresses.all()
            ],
        )
        places = row.former_places.exclude(category=row.category_id)
        if former := places.select_related("category").order_by("category__path"):
            yield Panel(
                "Categories that it was in",
                headers=("Path",),
                rows=[(link_to(each.category),) for each in former],
            )


def origins_of(skill: Skill) -> Panel:
    return Panel(
        "Imported from",
        headers=("Source", "Folder", "Imported", "As it came"),
        rows=[
            (
                origin.source,
                origin.path,
                origin.imported_at,
                "yes" if origin.published == skill.current.bundle_id else "changed",
            )
            for origin in skill.origins.all()[:ORIGINS_SHOWN]
        ],
        empty="It was not imported.",
    )


def versions_of(skill: Skill) -> Panel:
    versions = skill.versions.select_related("author").defer("body", "frontmatter")
    found = list(versions[: VERSIONS_SHOWN + 1])
    return Panel(
        "Versions",
        headers=("Version", "Published", "By", "Change", "Yanked"),
        rows=[version_row(version) for version in found[:VERSIONS_SHOWN]],
        more="Older ones are in the list of versions."
        if len(found) > VERSIONS_SHOWN
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
    """As the API tells it: an archived skill by the name that was written."""
    target = relation.target
    if target is None or target.is_archived:
        return relation.told_name
    return link_to(target)
