"""django-q2's tables in the admin, read-only: queued, failed and successful tasks.

A payload names code to run, so nobody may write one here; jobs have their own page to
requeue them. Only superusers see schedules.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django_q import admin as stock
from django_q.models import Failure, OrmQ, Schedule, Success

from core.admin.base import FleetAdmin, ForgivingList
from jobs.models.job import OPERATE

admin.site.unregister([Failure, OrmQ, Schedule, Success])


class QueueAdmin(FleetAdmin):
    seen_with = (OPERATE,)


@admin.register(OrmQ)
class QueuedAdmin(QueueAdmin):
    list_display = ("id", "name", "func", "subject", "lock")
    list_filter = ("key",)
    fields = (
        ("id", "key"),
        ("name", "lock"),
        ("group", "task_id"),
        ("func", "subject"),
    )
    readonly_fields = ("id", "name", "group", "task_id", "func", "subject")

    @admin.display(description="Arguments")
    def subject(self, message: OrmQ) -> str:
        return ", ".join(map(str, message.args() or ()))


class TaskAdmin(QueueAdmin):
    list_display: tuple[str, ...] = (
        "name",
        "func",
        "subject",
        "started",
        "stopped",
        "seconds",
    )
    list_filter = ("func", "group")
    search_fields = ("name", "func", "group")
    date_hierarchy = "stopped"
    fields = (
        ("name", "group"),
        ("func", "subject"),
        ("started", "stopped"),
        ("seconds", "attempt_count"),
        ("id", "cluster"),
        "outcome",
    )
    readonly_fields = ("subject", "seconds", "outcome")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(success=self.model is Success)

    @admin.display(description="Arguments")
    def subject(self, task: Any) -> str:
        return ", ".join(map(str, task.args or ()))

    @admin.display(description="Seconds")
    def seconds(self, task: Any) -> str:
        return f"{task.time_taken():.2f}"

    @admin.display(description="Result")
    def outcome(self, task: Any) -> str:
        return str(task.result)


@admin.register(Failure)
class FailureAdmin(TaskAdmin):
    list_display = ("name", "func", "subject", "stopped", "short_result")

    @admin.display(description="Result")
    def short_result(self, task: Any) -> str:
        return str(task.result)[:200]


@admin.register(Success)
class SuccessAdmin(TaskAdmin):
    pass


@admin.register(Schedule)
class ScheduleAdmin(stock.ScheduleAdmin, ForgivingList):
    list_fullwidth = True
