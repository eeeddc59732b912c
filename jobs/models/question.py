"""Questions of jobs to people, and the answers."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class QuestionQuerySet(models.QuerySet["Question"]):
    def open(self) -> "QuestionQuerySet":
        return self.filter(status=Question.Status.PENDING)

    def overdue(self) -> "QuestionQuerySet":
        return self.open().filter(timeout_at__lt=Now())

    def to_remind(self) -> "QuestionQuerySet":
        """Open questions whose reminder is due."""
        return self.open().filter(remind_at__lte=Now(), timeout_at__gt=Now())


class Question(models.Model):
    """A question that a job waits for. A job has at most one open question."""

    class Status(models.TextChoices):
        PENDING = "pending"
        """The question waits for an answer."""
        RESPONDED = "responded"
        """The question was answered; the answer is in `response`."""
        TIMEOUT = "timeout"
        """Nobody answered in time, and the job has failed for that reason."""
        WITHDRAWN = "withdrawn"
        """The job ended or continued without an answer."""

    class Action(models.TextChoices):
        PROCEED = "proceed"
        """Continue with what was shown and answered."""
        REVISE = "revise"
        """Repeat the phase that wrote what was shown, with the feedback."""
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
    """When the owner is reminded; null: never, or the reminder was sent."""
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
        """How many more times a question of this kind may be answered with `revise`."""
        revised = Question.objects.filter(
            job_id=self.job_id, kind=self.kind, response__action=self.Action.REVISE
        )
        return max(0, settings.SKILLFLEET_REVISIONS - revised.count())

    def close(self, status: Status, **fields: object) -> bool:
        """Close an open question. False: it was closed already."""
        still_open = Question.objects.open().filter(pk=self.pk)
        return bool(still_open.update(status=status, **fields))
