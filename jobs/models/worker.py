"""Workers: one row per worker process, kept alive by heartbeats."""

import os
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Case, DurationField, ExpressionWrapper, F, Q, Value, When
from django.db.models.functions import Now

from cachelayer.hosts import host_id_of
from cachelayer.transactions import backend


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self) -> "WorkerQuerySet":
        """Workers with a heartbeat within one lease, by the database's clock."""
        return self.filter(heartbeat_at__gt=Now() - settings.SKILLFLEET_JOB_LEASE)

    def forgettable(self) -> "WorkerQuerySet":
        """Workers without a heartbeat for ten leases; the sweep deletes their rows."""
        return self.filter(heartbeat_at__lt=Now() - 10 * settings.SKILLFLEET_JOB_LEASE)

    def register(self) -> "Worker":
        """Create a row for this process."""
        return self.create(
            host=settings.HOST_NAME,
            pid=os.getpid(),
            cache_host=host_id_of(backend()),
            heartbeat_at=Now(),
        )

    def with_liveness(self) -> "WorkerQuerySet":
        """Workers with `is_alive`, `age` and `silence`, by the database's clock.

        `silence` is the time since the last heartbeat. The rows are ordered by host,
        then by age with the oldest first.
        """
        lease = settings.SKILLFLEET_JOB_LEASE
        within_lease = When(Q(heartbeat_at__gt=Now() - lease), then=Value(True))
        return self.annotate(
            is_alive=Case(within_lease, default=Value(False)),
            age=_since("started_at"),
            silence=_since("heartbeat_at"),
        ).order_by("host", "started_at", "pk")


def _since(moment: str) -> ExpressionWrapper:
    return ExpressionWrapper(Now() - F(moment), output_field=DurationField())


class Worker(models.Model):
    """A process or thread that works on jobs."""

    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    cache_host = models.CharField(
        max_length=32, blank=True, default="", db_column="plane"
    )
    """The id of the host's stamp file (see cachelayer.stamps).

    Empty when a cache server keeps the stamps.
    """
    job = models.ForeignKey(
        "jobs.Job", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField(db_default=Now())
    heartbeat_at = models.DateTimeField()

    objects = WorkerQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"

    @property
    def label(self) -> str:
        """The name in jobs and events; it stays there when the row is deleted."""
        return f"{self.host}:{self.pid}:{self.pk}"

    def beat(self, **fields: Any) -> None:
        """Record a heartbeat; create the row again if the sweep has deleted it."""
        row = Worker.objects.filter(pk=self.pk)
        if not row.update(heartbeat_at=Now(), **fields):
            self.job_id = fields.get("job_id")
            self.heartbeat_at = Now()
            self.save(force_insert=True)

    def set_job(self, job_id: object) -> None:
        """Record which job this worker runs; None: it waits for one."""
        self.beat(job_id=job_id)

    def unregister(self) -> None:
        Worker.objects.filter(pk=self.pk).delete()


HEARTBEATS_PER_LEASE = 4


def heartbeat_interval() -> timedelta:
    """The time between two heartbeats: a quarter of the lease."""
    lease: timedelta = settings.SKILLFLEET_JOB_LEASE
    return lease / HEARTBEATS_PER_LEASE
