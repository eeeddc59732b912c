"""The job: what was asked for, how far it is, and who holds it."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from jobs.caching import retire_job
from jobs.models.event import JobEvent
from jobs.models.querysets import JobManager, JobQuerySet
from jobs.models.worker import Worker
from taxonomy.models.address import MAX_NAME_CHARS, MAX_PATH_CHARS

MAX_SKILL_PATH_CHARS = MAX_PATH_CHARS + 1 + MAX_NAME_CHARS


class Fence(str):
    """A value that no other claim has; who holds it may write to the job."""

    @classmethod
    def new(cls) -> "Fence":
        return cls(uuid.uuid4().hex)


class Job(models.Model):
    """One skill to be written. Every change of state goes through `_move`."""

    class Type(models.TextChoices):
        SKILL_CREATION = "skill_creation"
        """A new skill from a description and sources."""
        SKILL_REFINEMENT = "skill_refinement"
        """The next version of an active skill."""

    class Status(models.TextChoices):
        PENDING = "pending"
        """Submitted or retried; no worker has had it yet."""
        RUNNING = "running"
        """A worker holds the lease, or the next phase is queued."""
        PENDING_HITL = "pending_hitl", "waiting for an answer"
        """Waiting for a person; no worker and no message is held."""
        COMPLETED = "completed"
        """Every phase is done; the draft waits for a curator."""
        FAILED = "failed"
        """Given up; `error` says why. A retry goes on from the phase it was in."""
        CANCELLED = "cancelled"
        """Ended by a person."""

    FINAL = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)

    class ValidationStatus(models.TextChoices):
        PASSED = "passed"
        WARNINGS = "warnings"
        FAILED = "failed"

    job_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="skill_jobs"
    )
    idempotency_key = models.CharField(max_length=128, null=True, blank=True)  # noqa: DJ001 many without a key, each key once
    job_type = models.CharField(
        max_length=32, choices=Type.choices, default=Type.SKILL_CREATION
    )
    status = models.CharField(
        max_length=16, choices=Status.choices, default=Status.PENDING
    )
    current_phase = models.CharField(max_length=32)
    round = models.PositiveIntegerField(default=1)

    task_description = models.TextField()
    task_description_refined = models.TextField(blank=True)
    user_context = models.JSONField(default=dict, blank=True)
    options = models.JSONField(default=dict, blank=True)
    intended_taxonomy_path = models.CharField(max_length=MAX_PATH_CHARS, blank=True)
    base = models.ForeignKey(
        "taxonomy.SkillVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    """The version that a refinement starts from; none for a new skill."""
    skill_name = models.CharField(max_length=MAX_NAME_CHARS, blank=True)

    progress_message = models.CharField(max_length=255, blank=True)
    progress_percent = models.PositiveSmallIntegerField(default=0)
    validation_status = models.CharField(
        max_length=16, choices=ValidationStatus.choices, blank=True
    )
    validation_score = models.FloatField(null=True, blank=True)
    final_path = models.CharField(max_length=MAX_SKILL_PATH_CHARS, blank=True)
    result = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True)
    error_stack = models.TextField(blank=True)

    fence = models.CharField(max_length=32, blank=True, editable=False)
    crashes = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    """Tries of this phase that its author could not finish; a crash is none."""
    worker = models.CharField(max_length=300, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    message_id = models.BigIntegerField(null=True, blank=True, editable=False)
    enqueued_at = models.DateTimeField(null=True, blank=True)
    run_after = models.DateTimeField(null=True, blank=True)
    events = models.PositiveIntegerField(default=0, editable=False)

    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    running_since = models.DateTimeField(null=True, blank=True, editable=False)
    """Since when no person was waited for; `started_at` is the first claim ever."""
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = JobManager()

    class Meta:
        ordering = ("-created_at", "-pk")
        base_manager_name = "objects"
        permissions = (("operate_jobs", "Can see and steer every job"),)
        constraints = (
            models.UniqueConstraint(
                fields=("user", "idempotency_key"), name="idempotency_key_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=("completed", "failed", "cancelled"),
                    completed_at__isnull=False,
                )
                | Q(
                    status__in=("pending", "running", "pending_hitl"),
                    completed_at__isnull=True,
                ),
                name="final_jobs_have_ended",
            ),
        )
        indexes = (
            models.Index(
                fields=("status", "lease_expires_at"),
                condition=Q(completed_at__isnull=True),
                name="live_jobs",
            ),
            models.Index(fields=("user", "-created_at"), name="jobs_of_user"),
            models.Index(fields=("-created_at", "-job_id"), name="jobs_newest_first"),
            models.Index(
                fields=("-completed_at",),
                condition=Q(status="failed"),
                name="failed_jobs",
            ),
        )

    def __str__(self) -> str:
        return f"{self.job_id} {self.status}"

    @property
    def is_final(self) -> bool:
        return self.status in self.FINAL

    @property
    def age(self) -> timedelta:
        """Since it was submitted."""
        return timezone.now() - self.created_at

    @property
    def validation_passed(self) -> bool | None:
        """Whether the draft may be promoted; None before it was validated."""
        if not self.validation_status:
            return None
        return self.validation_status != self.ValidationStatus.FAILED

    @property
    def draft_path(self) -> str:
        """Where in the taxonomy the draft is meant to go; empty before it is."""
        if not self.skill_name:
            return ""
        return f"{self.intended_taxonomy_path}/{self.skill_name}"

    @property
    def promoted(self) -> bool:
        return bool(self.final_path)

    def may_be_steered_by(self, user: User | AnonymousUser) -> bool:
        """Its owner, or an operator."""
        return self.user_id == user.pk or user.has_perm("jobs.operate_jobs")

    def _move(
        self,
        to: str,
        *,
        where: JobQuerySet,
        event: str,
        note: dict[str, Any] | None = None,
        **fields: Any,
    ) -> bool:
        """The one way a job changes: a conditional UPDATE, its event, its cache tag.

        `where` is the guard; False: the row was not like that any more, and nothing
        was written. The event's number comes from the same UPDATE, so that a reader
        of the history never sees a gap that is filled later.
        """
        with transaction.atomic():
            moved = where.filter(pk=self.pk).write(
                status=to, updated_at=Now(), events=F("events") + 1, **fields
            )
            if not moved:
                return False
            seq, phase = Job.objects.values_list("events", "current_phase").get(
                pk=self.pk
            )
            JobEvent.objects.append(
                job_id=self.pk, seq=seq, kind=event, phase=phase, data=note or {}
            )
            retire_job(self)
        return True

    def claim(self, worker: Worker, fence: Fence | None = None) -> Fence | None:
        """Take the lease for one phase. None: another worker got there first.

        Who names the fence can look for it when the claim's COMMIT is not answered.
        """
        fence = fence or Fence.new()
        won = self._move(
            self.Status.RUNNING,
            where=Job.objects.claimable(),
            event="claimed",
            note={"worker": worker.label},
            fence=fence,
            worker=worker.label,
            lease_expires_at=Now() + settings.SKILLFLEET_JOB_LEASE,
            heartbeat_at=Now(),
            started_at=models.functions.Coalesce("started_at", Now()),
            running_since=models.functions.Coalesce("running_since", Now()),
        )
        return fence if won else None

    def renew_lease(self, fence: str) -> bool:
        """Heartbeat. False: the lease is somebody else's, or the job has ended."""
        held = Job.objects.held_by(self.pk, fence)
        return bool(
            held.write(
                lease_expires_at=Now() + settings.SKILLFLEET_JOB_LEASE,
                heartbeat_at=Now(),
            )
        )

    def report_progress(self, fence: str, percent: int, message: str) -> bool:
        """Say how far the phase is. False: the fence is lost.

        It never goes back, also when the job does: the one holder of the fence knows
        what the row says.
        """
        percent = max(self.progress_percent, min(100, percent))
        moved = self._move(
            self.Status.RUNNING,
            where=Job.objects.held_by(self.pk, fence),
            event="progress",
            note={"percent": percent, "message": message},
            progress_percent=percent,
            progress_message=message[:255],
        )
        if moved:
            self.progress_percent = percent
        return moved
