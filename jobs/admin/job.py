"""Jobs and workers in the admin: their pages, and the same actions as in the API."""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.admin.base import Panel, Text, Verb, link_to
from jobs import lifecycle
from jobs.admin.base import (
    ByPhase,
    FleetAdmin,
    JobsAdmin,
    link_to_job,
    may_change,
    may_operate,
    status_badge,
    status_words,
    task_of,
    verdict_badge,
)
from jobs.admin.question import ANSWER_VERB, as_words, open_question, response_text
from jobs.exceptions import JobError
from jobs.models import Job, PhaseResult, Question, Worker
from jobs.models.job import OPERATE
from jobs.monitoring import FIELDS, statistics

HISTORY_LENGTH = 50


def job_panels(job: Job) -> Iterable[Panel]:
    """The panels of a job's page; the number of queries is constant."""
    if job.error_stack:
        yield Panel("Error", texts=[Text("Traceback", job.error_stack)])
    if draft := getattr(job, "draft", None):
        yield Panel(
            "Draft",
            headers=("Draft", "Status", "Reason"),
            rows=[
                (
                    link_to(draft, job.skill_name),
                    draft.get_status_display(),
                    draft.reason,
                )
            ],
        )
    yield Panel(
        "Sources",
        texts=[
            Text(source.name, source.text, note=source.media_type)
            for source in job.sources.all()
        ],
        empty="The owner gave no documents.",
    )
    yield questions_panel(list(job.questions.select_related("answered_by")))
    yield phases_panel(job)
    yield history_panel(job)


def open_panels(job: Job, answer_page: str) -> Iterable[Panel]:
    """The open question, if there is one, with a link to its form."""
    question = open_question(job)
    if question is None:
        return
    items = question.prompt.get("questions", ())
    texts = [str(item.get("text", "")) for item in items]
    yield Panel(
        "The job waits for an answer",
        lead=str(question.prompt.get("message", "")),
        rows=list(enumerate(texts, start=1)),
        headers=("", "Question"),
        more=format_html(
            '<a href="{}">Answer</a> until {} ({}, round {}).',
            answer_page,
            date_format(localtime(question.timeout_at), "DATETIME_FORMAT"),
            question.kind,
            question.round,
        ),
        warning=True,
    )


def questions_panel(questions: list[Question]) -> Panel:
    return Panel(
        "Questions and answers",
        headers=("Round", "Kind", "Status", "Answered by", "At", "Answer"),
        rows=[
            (
                question.round,
                question.kind,
                question.get_status_display(),
                question.answered_by,
                question.answered_at,
                response_text(question.response),
            )
            for question in questions
        ],
        empty="The job has not asked a question.",
    )


def phases_panel(job: Job) -> Panel:
    return Panel(
        "Phases",
        texts=[
            Text(
                f"{result.phase}, round {result.round}",
                as_json(result.output),
                note=f"{seconds_of(result):.1f} s",
            )
            for result in job.results.all()
        ],
        empty="No phase has finished.",
    )


def seconds_of(result: PhaseResult) -> float:
    return (result.finished_at - result.started_at).total_seconds()


def history_panel(job: Job) -> Panel:
    newest = job.history.order_by("-seq")[:HISTORY_LENGTH]
    return Panel(
        "History",
        headers=("No.", "Time", "Event", "Phase", "Note"),
        rows=[
            (event.seq, event.at, event.kind, event.phase, as_words(event.data))
            for event in newest
        ],
        more=f"The newest {HISTORY_LENGTH} events; the list of events has all."
        if job.events > HISTORY_LENGTH
        else "",
    )


def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


REQUEUEABLE = (Job.Status.PENDING, Job.Status.RUNNING)


def cancel(job: Job, user: User, answers: dict[str, Any]) -> str:
    lifecycle.cancel(job, by=user)
    return "The job is cancelled."


def retry(job: Job, user: User, answers: dict[str, Any]) -> str:
    job = lifecycle.retry(job, by=user)
    return f"The job is pending again, in phase {job.current_phase}."


def requeue(job: Job, user: User, answers: dict[str, Any]) -> str:
    if lifecycle.requeue(job):
        return "The job is in the queue again."
    return "The job was not requeued: its state has changed in the meantime."


CANCEL = Verb(
    "cancel",
    "Cancel job",
    cancel,
    may=may_change,
    fits=lambda job: not job.is_final,
    intro="The job ends at once. Its worker stops, and its question is withdrawn.",
    icon="cancel",
    variant=ActionVariant.DANGER,
)
RETRY = Verb(
    "retry",
    "Retry",
    retry,
    may=may_change,
    fits=lambda job: job.status == Job.Status.FAILED,
    intro="The job continues in the phase in which it failed.",
    icon="replay",
    variant=ActionVariant.PRIMARY,
)
REQUEUE = Verb(
    "requeue",
    "Requeue",
    requeue,
    may=may_operate,
    fits=lambda job: job.status in REQUEUEABLE,
    intro="For a job that no worker will take. If a worker is running it, the worker"
    " loses its lease, and its work of this phase is discarded.",
    icon="low_priority",
    variant=ActionVariant.WARNING,
)


@admin.register(Job)
class JobAdmin(JobsAdmin):
    list_display = (
        "task",
        "shown_status",
        "current_phase",
        "progress",
        "user",
        "shown_validation",
        "created_at",
        "worker",
    )
    list_filter = (
        "status",
        ByPhase,
        "validation_status",
        "job_type",
        ("user", admin.RelatedOnlyFieldListFilter),
        ("created_at", admin.DateFieldListFilter),
    )
    search_fields = ("=job_id", "task_description", "user__username", "final_path")
    search_help_text = "The job's id, or words of its task, owner or path"
    show_full_result_count = False
    ordering = ("-created_at", "-pk")
    list_select_related = ("user",)
    actions = ("cancel_selected", "retry_selected", "requeue_selected")
    verbs = (ANSWER_VERB, RETRY, REQUEUE, CANCEL)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "task_description",
                    "task_description_refined",
                    ("shown_status", "progress"),
                    ("current_phase", "round"),
                    "progress_message",
                    "error",
                )
            },
        ),
        (
            "Outcome",
            {
                "fields": (
                    ("skill_name", "shown_validation"),
                    ("intended_taxonomy_path", "final_path"),
                )
            },
        ),
        (
            "Submission",
            {
                "fields": (
                    ("user", "job_type"),
                    "idempotency_key",
                    ("options", "user_context"),
                )
            },
        ),
        (
            "Work",
            {
                "fields": (
                    ("worker", "crashes", "attempts"),
                    ("lease_expires_at", "heartbeat_at"),
                    ("created_at", "started_at"),
                    ("completed_at", "updated_at"),
                    ("enqueued_at", "run_after"),
                    "job_id",
                )
            },
        ),
    )
    readonly_fields = (
        "shown_status",
        "shown_validation",
        "progress",
        "skill_name",
        "job_id",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).select_related("user")

    @admin.display(description="Task", ordering="task_description")
    def task(self, job: Job) -> str:
        return task_of(job)

    @admin.display(description="Status", ordering="status")
    def shown_status(self, job: Job) -> str:
        return status_badge(job)

    @admin.display(description="Validation", ordering="validation_status")
    def shown_validation(self, job: Job) -> str | None:
        return verdict_badge(job)

    @admin.display(description="Progress", ordering="progress_percent")
    def progress(self, job: Job) -> str:
        return f"{job.progress_percent} %"

    def label_of(self, row: Job) -> str:
        return self.task(row)

    def notices(self, request: HttpRequest, row: Job) -> Iterable[Panel]:
        return open_panels(row, self.url("verb", row.pk, ANSWER_VERB.name))

    def panels(self, request: HttpRequest, row: Job) -> Iterable[Panel]:
        return job_panels(row)

    @action(description="Cancel")
    def cancel_selected(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        perform_on_each(request, jobs, CANCEL)

    @action(description="Retry")
    def retry_selected(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        perform_on_each(request, jobs, RETRY)

    @action(description="Requeue", permissions=["requeue"])
    def requeue_selected(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        perform_on_each(request, jobs, REQUEUE)

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        return may_operate(request.user, None)  # type: ignore[arg-type]


def perform_on_each(request: HttpRequest, jobs: QuerySet[Job], verb: Verb) -> None:
    """Perform the action on each job, and report those that were refused."""
    user: User = request.user  # type: ignore[assignment]
    done, refused = 0, []
    for job in jobs:
        if reason := try_to_perform(verb, job, user):
            refused.append(f"{job.pk}: {reason}")
        else:
            done += 1
    if done:
        messages.success(request, f"{verb.label}: {done} done.")
    for line in refused:
        messages.warning(request, line)


def try_to_perform(verb: Verb, job: Job, user: User) -> str:
    """Perform the action; return why it was refused, or an empty string."""
    if not verb.may(user, job):
        return "You may not do this."
    if not verb.fits(job):
        return f"The job is {status_words(job)}."
    try:
        verb.perform(job, user, {})
    except JobError as refusal:
        return str(refusal)
    return ""


@admin.register(Worker)
class WorkerAdmin(FleetAdmin):
    seen_with = (OPERATE,)
    list_display = (
        "__str__",
        "alive",
        "job_link",
        "running_for",
        "heartbeat_at",
        "cache_host",
    )
    list_filter = ("host",)
    search_fields = ("host", "=pid")
    ordering = ("-heartbeat_at", "-pk")
    fields = (
        ("host", "pid"),
        "cache_host",
        "alive",
        "job_link",
        ("started_at", "heartbeat_at"),
    )
    readonly_fields = ("alive", "job_link")

    list_before_template = "core/admin/panels.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"panels": [statistics_panel()], **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Worker]:
        return Worker.objects.with_liveness().select_related("job")

    @display(description="Alive", boolean=True)
    def alive(self, worker: Any) -> bool:
        return bool(worker.is_alive)

    @admin.display(description="Age", ordering="-started_at")
    def running_for(self, worker: Any) -> str:
        return str(worker.age).partition(".")[0]

    @admin.display(description="Works on")
    def job_link(self, worker: Worker) -> str | None:
        return link_to_job(worker.job) if worker.job else None


def statistics_panel() -> Panel:
    """The statistics of the command `job_stats`."""
    rows = statistics(Job.objects.all())
    return Panel(
        "Jobs by status, with their seconds: total, active (in phases) and waiting",
        headers=("Status", "Jobs", *(heading(field) for field in FIELDS)),
        rows=[
            (row["status"], row["count"], *(rounded(row[field]) for field in FIELDS))
            for row in rows
        ],
        empty="No jobs yet.",
    )


def heading(field: str) -> str:
    return field.removesuffix("_seconds").replace("_", " ")


def rounded(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f}"
