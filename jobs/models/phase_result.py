"""What each phase wrote, once per round."""

from django.db import models
from django.db.models.functions import Now


class PhaseResult(models.Model):
    """The output of one phase in one round; the constraint applies it once."""

    job = models.ForeignKey("jobs.Job", models.CASCADE, related_name="results")
    phase = models.CharField(max_length=32)
    round = models.PositiveIntegerField()
    output = models.JSONField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("job", "phase", "round"), name="phase_result_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.phase} round {self.round}"
