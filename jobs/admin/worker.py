"""Workers: who is there to take jobs."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from jobs.admin.base import FleetAdmin, link_to_job
from jobs.models import Worker
from jobs.permissions import OPERATE


@admin.register(Worker)
class WorkerAdmin(FleetAdmin):
    seen_with = (OPERATE,)
    list_display = ("__str__", "is_alive", "job_link", "started_at", "heartbeat_at")
    list_filter = ("host",)
    search_fields = ("host", "=pid")
    ordering = ("-heartbeat_at", "-pk")
    fields = (("host", "pid"), "is_alive", "job_link", ("started_at", "heartbeat_at"))
    readonly_fields = ("is_alive", "job_link")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Worker]:
        alive = Exists(Worker.objects.alive().filter(pk=OuterRef("pk")))
        return super().get_queryset(request).select_related("job").annotate(alive=alive)

    @display(description="Alive", boolean=True)
    def is_alive(self, worker: Any) -> bool:
        return bool(worker.alive)

    @admin.display(description="Works on")
    def job_link(self, worker: Worker) -> str | None:
        return link_to_job(worker.job) if worker.job else None
