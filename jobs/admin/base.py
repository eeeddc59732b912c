"""Words, badges, filters and permissions that the admin pages of jobs share."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin.base import FleetAdmin, badge, link_to
from jobs.models import Job
from jobs.models.draft import PROMOTE
from jobs.models.job import OPERATE, SUBMIT
from jobs.pipeline.phases import PHASES

STATUS_COLOURS = {
    Job.Status.PENDING: "default",
    Job.Status.RUNNING: "info",
    Job.Status.PENDING_HITL: "warning",
    Job.Status.COMPLETED: "success",
    Job.Status.FAILED: "danger",
    Job.Status.CANCELLED: "default",
}
VALIDATION_COLOURS = {
    Job.ValidationStatus.PASSED: "success",
    Job.ValidationStatus.WARNINGS: "warning",
    Job.ValidationStatus.FAILED: "danger",
}
STATUS_WORDS = {
    Job.Status.PENDING: "pending",
    Job.Status.RUNNING: "running",
    Job.Status.PENDING_HITL: "waits for an answer",
    Job.Status.COMPLETED: "completed",
    Job.Status.FAILED: "failed",
    Job.Status.CANCELLED: "cancelled",
}


def task_of(job: Job, length: int = 80) -> str:
    """The job's task as one short line."""
    return shortened(" ".join(job.task_description.split()), length)


def shortened(text: str, length: int = 200) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def link_to_job(job: Job) -> str:
    return link_to(job, task_of(job))


def status_words(job: Job) -> str:
    return STATUS_WORDS[Job.Status(job.status)]


def status_badge(job: Job) -> str:
    return badge(status_words(job), STATUS_COLOURS[Job.Status(job.status)])


def verdict_badge(job: Job) -> str | None:
    """The validation status of the job's draft, with its score."""
    if not job.validation_status:
        return None
    verdict = Job.ValidationStatus(job.validation_status)
    score = f" {job.validation_score:.0%}" if job.validation_score is not None else ""
    return badge(f"{verdict.label}{score}", VALIDATION_COLOURS[verdict])


class ByPhase(admin.SimpleListFilter):
    """A filter by phase. Django's own would read all rows to find the phases in use."""

    title = "phase"
    parameter_name = "current_phase"

    def lookups(
        self, request: HttpRequest, model_admin: Any
    ) -> Iterable[tuple[str, str]]:
        return [(phase, phase) for phase in PHASES]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(
            **{self.parameter_name: self.value()} if self.value() else {}
        )


class JobsAdmin(FleetAdmin):
    """Pages for users who may submit jobs, operate them or decide on drafts.

    Each user sees only their visible rows.
    """

    seen_with = (SUBMIT, OPERATE, PROMOTE)


def may_change(user: User, job: Any) -> bool:
    return bool(job.may_be_changed_by(user))


def may_operate(user: User, row: Any) -> bool:
    return user.has_perm(OPERATE)


def may_decide(user: User, draft: Any) -> bool:
    return user.has_perm(PROMOTE)
