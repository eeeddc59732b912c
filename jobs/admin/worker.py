"""Workers: who is there to take jobs."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from jobs.admin.base import FleetAdmin, link_to_job
from jobs.models import Worker
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
        "plane",
    )
    list_filter = ("host",)
    search_fields = ("host", "=pid")
    ordering = ("-heartbeat_at", "-pk")
    fields = (
        ("host", "pid"),
        "plane",
        "alive",
        "job_link",
        ("started_at", "heartbeat_at"),
    )
    readonly_fields = ("alive", "job_link")

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
