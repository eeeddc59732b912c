"""The append-only history of a job."""

from django.db import models
from django.db.models.functions import Now


class JobEvent(models.Model):
    """One thing that happened; `seq` counts from 1 without gaps within a job."""

    job = models.ForeignKey("jobs.Job", models.CASCADE, related_name="history")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=32)
    phase = models.CharField(max_length=32, blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("job", "seq")
        constraints = (
            models.UniqueConstraint(fields=("job", "seq"), name="event_seq_once"),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"
