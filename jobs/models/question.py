"""What the pipeline asks a person, and what the person said."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class QuestionQuerySet(models.QuerySet["Question"]):
    def open(self) -> "QuestionQuerySet":
        return self.filter(status=Question.Status.PENDING)

    def overdue(self) -> "QuestionQuerySet":
        return self.open().filter(timeout_at__lt=Now())

    def to_remind(self) -> "QuestionQuerySet":
        return self.open().filter(remind_at__lte=Now(), timeout_at__gt=Now())


class Question(models.Model):
    """One stop at a person. A job has at most one open question."""

    class Status(models.TextChoices):
        PENDING = "pending"
        """Waiting for its answer."""
        RESPONDED = "responded"
        """Answered; `response` says what."""
        TIMEOUT = "timeout"
        """Left open past its time; the job failed with that reason."""
        WITHDRAWN = "withdrawn"
        """The job was cancelled, or went on without it."""

    class Action(models.TextChoices):
        PROCEED = "proceed"
        """Go on with what was shown and answered."""
        REVISE = "revise"
        """Back to the phase that wrote what was shown, with feedback."""
        CANCEL = "cancel"
        """End the job."""

    job = models.ForeignKey("jobs.Job", models.CASCADE, related_name="questions")
    kind = models.CharField(max_length=32)
    phase = models.CharField(max_length=32)
    round = models.PositiveIntegerField()
    prompt = models.JSONField()
    revise_to = models.CharField(max_length=32)
    response = models.JSONField(null=True, blank=True)
    status = models.CharField(
        max_length=16, choices=Status.choices, default=Status.PENDING
    )
    created_at = models.DateTimeField(db_default=Now())
    timeout_at = models.DateTimeField()
    remind_at = models.DateTimeField(null=True, blank=True)
    """When its owner is reminded of it; empty: never, or it has been done."""
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("job",),
                condition=models.Q(status="pending"),
                name="one_open_question",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} round {self.round}"

    def revisions_left(self) -> int:
        """How often its job may still be sent back at a question of this kind."""
        sent_back = Question.objects.filter(
            job_id=self.job_id, kind=self.kind, response__action=self.Action.REVISE
        )
        return max(0, settings.SKILLFLEET_REVISIONS - sent_back.count())

    def close(self, status: Status, **fields: object) -> bool:
        """End an open question. False: it was not open any more."""
        closed = Question.objects.open().filter(pk=self.pk)
        return bool(closed.update(status=status, **fields))
