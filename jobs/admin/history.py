"""Questions and events of all jobs, to be filtered and searched."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin.base import Panel
from jobs.admin.answering import as_words, prompt_panels
from jobs.admin.base import ByPhase, JobsAdmin, link_to_job, shortened
from jobs.admin.showing import said
from jobs.models import Job, JobEvent, Question


class OfJobs(JobsAdmin):
    """Rows of the jobs that a person sees."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        jobs = Job.objects.visible_to(request.user)
        return super().get_queryset(request).select_related("job").filter(job__in=jobs)

    @admin.display(description="Job", ordering="job")
    def job_link(self, row: Any) -> str:
        return link_to_job(row.job)


@admin.register(Question)
class QuestionAdmin(OfJobs):
    list_display = (
        "kind",
        "status",
        "round",
        "job_link",
        "created_at",
        "timeout_at",
        "answered_by",
        "answered_at",
    )
    list_filter = ("status", "kind")
    search_fields = ("=job__job_id", "job__task_description")
    search_help_text = "The job's id, or words of its task"
    date_hierarchy = "created_at"
    list_select_related = ("job", "answered_by")
    fields = (
        ("kind", "status"),
        ("phase", "round"),
        "job_link",
        ("created_at", "timeout_at"),
        ("answered_by", "answered_at"),
        "answer",
    )
    readonly_fields = ("job_link", "answer")

    @admin.display(description="Answer")
    def answer(self, question: Question) -> str | None:
        return said(question.response)

    def panels(self, request: HttpRequest, row: Question) -> Iterable[Panel]:
        asked = row.prompt.get("questions", ())
        yield Panel(
            "Asked",
            headers=("Id", "Question", "Options"),
            rows=[
                (item["id"], item["text"], ", ".join(item.get("options", ())))
                for item in asked
            ],
            empty="No question of its own: it shows, and waits for a yes.",
        )
        yield from prompt_panels(row.prompt)


class OfPhase(ByPhase):
    parameter_name = "phase"


@admin.register(JobEvent)
class JobEventAdmin(OfJobs):
    list_display = ("kind", "phase", "job_link", "seq", "note", "at")
    list_filter = ("kind", OfPhase, ("at", admin.DateFieldListFilter))
    search_fields = ("=job__job_id",)
    search_help_text = "The job's id"
    ordering = ("-pk",)
    show_full_result_count = False
    fields = ("job_link", ("kind", "phase"), ("seq", "at"), "note")
    readonly_fields = ("job_link", "note")

    @admin.display(description="Note")
    def note(self, event: JobEvent) -> str:
        return shortened(as_words(event.data))
