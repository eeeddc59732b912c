"""The append-only history of a job."""

from typing import Any

from django.db import models
from django.db.models.functions import Now

from jobs.streams.notices import tell
from jobs.webhooks import outbox


class JobEventManager(models.Manager["JobEvent"]):
    def append(self, **fields: Any) -> "JobEvent":
        """The one way an event is written: who follows the job hears of it."""
        event = self.create(**fields)
        tell(event.job_id)
        outbox.write(event)
        return event


OUTCOMES = (
    "completed",
    "failed",
    "cancelled",
    "crashed",
    "requeued",
    "attempt_failed",
)
"""Kinds that `/metrics` counts over the last hour."""


class JobEvent(models.Model):
    """One thing that happened; `seq` counts from 1 without gaps within a job."""

    job = models.ForeignKey("jobs.Job", models.CASCADE, related_name="history")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=32)
    phase = models.CharField(max_length=32, blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    objects = JobEventManager()

    class Meta:
        ordering = ("job", "seq")
        indexes = (
            models.Index(
                fields=("at",),
                condition=models.Q(kind__in=OUTCOMES),
                name="outcomes_by_time",
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=("job", "seq"), name="event_seq_once"),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"
