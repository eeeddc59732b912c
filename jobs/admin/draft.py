"""Drafts in the admin, and the button that requests the next version of a skill."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.enums import ActionVariant

from core.admin import fields
from core.admin.base import Panel, Text, Verb, badge, holds, link_to
from jobs import drafts, promotion
from jobs.admin.base import JobsAdmin, may_decide, status_badge, verdict_badge
from jobs.drafts import changes
from jobs.exceptions import JobError
from jobs.lifecycle import create_refinement_job
from jobs.models import Draft, Job
from jobs.models.job import SUBMIT
from taxonomy.admin import findings
from taxonomy.admin.change_forms import category_field
from taxonomy.admin.skill import FilesShown, SkillAdmin
from taxonomy.models import Skill, SkillVersion
from taxonomy.models.address import MAX_NAME_CHARS
from taxonomy.models.version import MAX_VERSION_CHARS

STATUS_COLOURS = {
    Draft.Status.OPEN: "info",
    Draft.Status.PROMOTED: "success",
    Draft.Status.REJECTED: "danger",
}


class PromotionForm(forms.Form):
    digest = forms.CharField(required=False, widget=forms.HiddenInput)
    """The digest of the draft that the page displayed.

    The promotion is refused if the draft was edited since.
    """
    taxonomy_path = category_field(required=False, empty_label="As the draft says")
    name = fields.line(
        max_length=MAX_NAME_CHARS,
        required=False,
        help_text="Written into SKILL.md; empty: the draft's name.",
    )
    version = fields.line(
        max_length=MAX_VERSION_CHARS,
        required=False,
        help_text="Like 1.4.0, higher than all published ones; empty: the next.",
    )
    over_newer = fields.flag(
        label="Publish over a newer version",
        help_text="For a refinement: even if the skill has a newer version.",
    )


class RejectionForm(forms.Form):
    reason = fields.paragraph(
        max_length=settings.SKILLFLEET_MAX_TASK_CHARS,
        help_text="Shown to the author.",
    )


def promote(draft: Draft, user: User, answers: dict[str, Any]) -> str:
    category = answers["taxonomy_path"]
    published = promotion.promote(
        draft,
        by=user,
        taxonomy_path=category.path if category else "",
        name=answers["name"],
        version=answers["version"],
        digest=answers["digest"],
        over_newer=answers["over_newer"],
    )
    return f"Published {published.skill.path} {published.version.number}."


def reject(draft: Draft, user: User, answers: dict[str, Any]) -> str:
    drafts.reject(draft, by=user, reason=answers["reason"])
    return "The draft is rejected."


def report_on(draft: Draft) -> dict[str, Any]:
    """The validation report; empty before the validation."""
    return (draft.job.result or {}).get("validation") or {}


def waive(draft: Draft, user: User, answers: dict[str, Any]) -> str:
    chosen = findings.chosen(answers)
    waived = drafts.waive(draft, chosen, by=user, reason=answers["reason"])
    return findings.counted(waived)


def revoke(draft: Draft, user: User, answers: dict[str, Any]) -> str:
    drafts.revoke(draft, int(answers["waiver"]), by=user)
    return "The waiver is revoked."


def undecided(draft: Draft) -> bool:
    """Whether a curator may promote or reject the draft now."""
    return (
        draft.status == Draft.Status.OPEN and draft.job.status == Job.Status.COMPLETED
    )


def promotion_panels(draft: Draft) -> Iterable[Panel]:
    yield Panel(
        "Draft to promote",
        headers=("Name", "Path", "Validation"),
        rows=[(draft.job.skill_name, draft.job.draft_path, verdict_badge(draft.job))],
    )


@admin.register(Draft)
class DraftAdmin(JobsAdmin):
    list_display = (
        "skill_name",
        "shown_status",
        "shown_validation",
        "place",
        "owner",
        "job_status",
        "updated_at",
    )
    list_filter = (
        "status",
        "job__validation_status",
        "job__status",
        ("updated_at", admin.DateFieldListFilter),
    )
    search_fields = ("=job__job_id", "job__task_description", "job__user__username")
    search_help_text = "The job's id, or words of its task or owner"
    show_full_result_count = False
    verbs = (
        Verb(
            "promote",
            "Promote",
            promote,
            may=may_decide,
            fits=undecided,
            form=PromotionForm,
            initial=lambda draft: {"digest": draft.bundle_id},
            shows=promotion_panels,
            intro="The draft is published, byte for byte, as a new version of a skill.",
            icon="publish",
            variant=ActionVariant.PRIMARY,
        ),
        Verb(
            "waive",
            "Waive findings",
            waive,
            may=may_decide,
            fits=lambda draft: (
                undecided(draft) and bool(findings.open_risks(report_on(draft)))
            ),
            form_of=lambda draft: findings.waive_form(report_on(draft)),
            picks="finding",
            intro="When the draft is promoted, its waivers apply to the skill.",
            icon="verified_user",
        ),
        Verb(
            "revoke",
            "Revoke a waiver",
            revoke,
            may=may_decide,
            fits=lambda draft: undecided(draft) and draft.waivers.active().exists(),
            form_of=lambda draft: findings.revoke_form(draft.waivers),
            picks="waiver",
            intro="The finding counts again; the record of the waiver is kept.",
            icon="remove_moderator",
        ),
        Verb(
            "reject",
            "Reject",
            reject,
            may=may_decide,
            fits=undecided,
            form=RejectionForm,
            intro="The draft can still be read, but not promoted.",
            icon="thumb_down",
            variant=ActionVariant.DANGER,
        ),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("skill_name", "place"),
                    ("shown_status", "shown_validation"),
                    ("reason", "version"),
                )
            },
        ),
        ("Origin", {"fields": (("owner", "job_status"), "updated_at")}),
    )
    readonly_fields = (
        "skill_name",
        "place",
        "shown_status",
        "shown_validation",
        "owner",
        "job_status",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Draft]:
        rows = super().get_queryset(request)
        return rows.select_related("job__user", "job__base__skill", "version__skill")

    @admin.display(description="Skill")
    def skill_name(self, draft: Draft) -> str:
        return draft.job.skill_name or f"(no name yet) {draft.job_id}"

    @admin.display(description="Path")
    def place(self, draft: Draft) -> str:
        return draft.job.final_path or draft.job.draft_path

    @admin.display(description="Status", ordering="status")
    def shown_status(self, draft: Draft) -> str:
        colour = STATUS_COLOURS[Draft.Status(draft.status)]
        return badge(draft.get_status_display(), colour)

    @admin.display(description="Validation", ordering="job__validation_status")
    def shown_validation(self, draft: Draft) -> str | None:
        return verdict_badge(draft.job)

    @admin.display(description="Owner", ordering="job__user__username")
    def owner(self, draft: Draft) -> str:
        return draft.job.user.get_username()

    @admin.display(description="Job status", ordering="job__status")
    def job_status(self, draft: Draft) -> str:
        return status_badge(draft.job)

    def label_of(self, row: Draft) -> str:
        return self.skill_name(row)

    def panels(self, request: HttpRequest, row: Draft) -> Iterable[Panel]:
        visible_jobs = Job.objects.visible_to(request.user)
        may_see_job = visible_jobs.filter(pk=row.job_id).exists()
        job = link_to(row.job) if may_see_job else row.job_id
        yield Panel(
            "Written by the job",
            headers=("Job", "Task"),
            rows=[(job, row.job.task_description)],
        )
        user: User = request.user  # type: ignore[assignment]
        report = report_on(row)
        if findings.open_findings(report):
            yield findings.findings_panel(report, self.verb_url("waive", user, row))
        if row.waivers.exists():
            revoke_url = self.verb_url("revoke", user, row)
            yield findings.waivers_panel(row.waivers, revoke_url)
        if row.job.base:
            yield changes_panel(row, row.job.base)
        if row.version:
            yield Panel(
                "Published as",
                headers=("Skill", "Version"),
                rows=[(link_to(row.version.skill), link_to(row.version))],
            )
        yield FilesShown.of(row.bundle_id).panel()


def changes_panel(draft: Draft, base: SkillVersion) -> Panel:
    """The differences between the skill's current version and the draft."""
    newer = "" if base.is_current else f" The current one is {base.skill.current}."
    return Panel(
        f"Changes in {base.skill.name}",
        lead=f"The draft started from version {base}.{newer}",
        texts=[
            Text(
                f"{diff.path}: {diff.change}",
                diff.text,
                note=diff.note,
                unfolded=bool(diff.text),
            )
            for diff in changes(draft.job, draft.bundle.files())
        ],
        warning=bool(newer),
    )


class RefinementForm(forms.Form):
    feedback = fields.paragraph(
        max_length=settings.SKILLFLEET_MAX_TASK_CHARS,
        help_text="What should be different in the next version.",
    )
    focus_areas = fields.paragraph(
        required=False,
        max_length=settings.SKILLFLEET_MAX_TASK_CHARS,
        help_text="Headings of the parts to change, one per line.",
    )


def refine(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    areas = [line for line in answers["focus_areas"].splitlines() if line.strip()]
    job = create_refinement_job(user, skill, answers["feedback"], focus_areas=areas)
    return f"Job {job.pk} will write the next version."


def is_in_use(skill: Skill) -> bool:
    return skill.status != Skill.Status.ARCHIVED


admin.site.unregister(Skill)


@admin.register(Skill)
class RefinableSkillAdmin(SkillAdmin):
    refusals = (*SkillAdmin.refusals, JobError)
    verbs = (
        *SkillAdmin.verbs,
        Verb(
            "refine",
            "Refine",
            refine,
            may=holds(SUBMIT),
            fits=is_in_use,
            form=RefinementForm,
            intro="A job writes the next version, and a curator promotes it.",
            icon="auto_fix_high",
            variant=ActionVariant.DEFAULT,
        ),
    )
