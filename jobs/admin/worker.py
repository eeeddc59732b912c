"""Workers: who is there to take jobs, and how long jobs take."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display

from core.admin.base import Panel
from jobs.admin.base import FleetAdmin, link_to_job
from jobs.models import Job, Worker
from jobs.monitoring import FIELDS, statistics
from jobs.permissions import OPERATE


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
        shown = {"panels": [statistics_panel()], **(extra_context or {})}
        return super().changelist_view(request, shown)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Worker]:
        return Worker.objects.attended().select_related("job")

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
    """As `job_stats`, in whole words."""
    rows = statistics(Job.objects.all())
    return Panel(
        "Jobs by status, with their seconds: in all, active (in phases), waiting",
        headers=("Status", "Jobs", *(heading(field) for field in FIELDS)),
        rows=[
            (row["status"], row["count"], *(shown(row[field]) for field in FIELDS))
            for row in rows
        ],
        empty="No jobs yet.",
    )


def heading(field: str) -> str:
    return field.removesuffix("_seconds").replace("_", " ")


def shown(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f}"
