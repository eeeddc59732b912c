"""The job, its sources, the results of its phases, and its history."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models, transaction
from django.db.models import Count, F, Q
from django.db.models.functions import Coalesce, Now
from django.dispatch import Signal
from django.utils import timezone

from cachelayer import InvalidatingQuerySet
from jobs.engine import queue
from jobs.invalidation import invalidate_job
from jobs.models.worker import Worker
from taxonomy.models import Verdict
from taxonomy.models.address import MAX_NAME_CHARS, MAX_PATH_CHARS

SUBMIT = "jobs.add_job"
"""The permission to submit jobs."""
OPERATE = "jobs.operate_jobs"
"""The permission to see and change every job."""
FENCE_CHARS = 8
"""How many characters of a fence the logs show."""


def log_fields(job: "Job", fence: str | None = None) -> str:
    """`job_id=… phase=… fence=…` for log lines; by default with the row's fence."""
    fence = job.fence if fence is None else fence
    return f"job_id={job.pk} phase={job.current_phase} fence={fence[:FENCE_CHARS]}"


class JobQuerySet(InvalidatingQuerySet):
    def write(self, **values: Any) -> int:
        """An UPDATE that does not invalidate the cache.

        `Job._move` invalidates the job itself, and no cached response contains
        heartbeats or message ids.
        """
        return models.QuerySet.update(self, **values)

    def visible_to(self, user: User | AnonymousUser) -> "JobQuerySet":
        """The user's own jobs; every job for an operator."""
        if user.has_perm("jobs.operate_jobs"):
            return self
        return self.filter(user_id=user.pk)

    def live(self) -> "JobQuerySet":
        """Jobs that have not ended; SQLite uses the partial index for this form."""
        return self.filter(completed_at__isnull=True)

    def waiting_for(self, user: User | AnonymousUser) -> "JobQuerySet":
        """The user's jobs that wait for an answer."""
        return self.live().filter(status="pending_hitl", user_id=user.pk)

    def with_fence(self, job_id: Any, fence: str) -> "JobQuerySet":
        """The running job, if this is its current fence (fencing token)."""
        return self.live().filter(pk=job_id, status="running", fence=fence)

    def within_limit(self) -> "JobQuerySet":
        """Running jobs, and pending ones whose user has fewer running than allowed.

        The limit is soft: two concurrent claims may both pass it. It does not apply to
        jobs that have begun: otherwise a user who answers many questions at once would
        block all of these jobs.
        """
        running = (
            self.model.objects.live()
            .filter(user_id=models.OuterRef("user_id"), status="running")
            .order_by()
            .values("user_id")
            .annotate(number=Count("pk"))
            .values("number")
        )
        limit = settings.SKILLFLEET_RUNNING_JOBS_PER_USER
        return self.alias(running_beside=Coalesce(models.Subquery(running), 0)).filter(
            Q(status="running") | Q(running_beside__lt=limit)
        )

    def ready(self) -> "JobQuerySet":
        """Jobs without a worker whose next phase may start now."""
        return self.live().filter(
            Q(run_after__isnull=True) | Q(run_after__lte=Now()),
            status__in=("pending", "running"),
            lease_expires_at__isnull=True,
        )

    def claimable(self) -> "JobQuerySet":
        """Ready jobs whose user is not at the limit of running jobs."""
        return self.ready().within_limit()

    def expired(self) -> "JobQuerySet":
        """Jobs whose worker has not renewed the lease in time."""
        return self.live().filter(status="running", lease_expires_at__lt=Now())

    def without_message(self) -> "JobQuerySet":
        """Ready jobs whose message was lost: it is gone, or locked for too long."""
        lost_after = settings.SKILLFLEET_MESSAGE_LOST_AFTER
        return (
            self.claimable()
            .filter(
                Q(enqueued_at__isnull=True) | Q(enqueued_at__lt=Now() - lost_after),
                updated_at__lt=Now() - lost_after,
            )
            .exclude(queue.has_message(lost_after))
        )

    def dead(self) -> "JobQuerySet":
        """Jobs that no worker will take until they are requeued."""
        expired = self.model.objects.expired().values("pk")
        lost = self.model.objects.without_message().values("pk")
        # `live` again: an OR of subqueries alone reads every job that ever ended.
        return self.live().filter(Q(pk__in=expired) | Q(pk__in=lost))

    def long(self, older_than: timedelta) -> "JobQuerySet":
        """Jobs with a valid lease that run for longer than this."""
        return self.live().filter(
            status="running",
            lease_expires_at__gte=Now(),
            running_since__lt=Now() - older_than,
        )

    def ended_before(self, age: timedelta) -> "JobQuerySet":
        return self.filter(completed_at__lt=Now() - age)


class JobManager(models.Manager.from_queryset(JobQuerySet)):  # type: ignore[misc]
    """The queries of JobQuerySet."""


job_event_recorded = Signal()
"""Sent with `event` in the transaction that records it, to receivers in the order of
their connection (`JobsConfig.ready`). An exception in a receiver rolls it back."""


class JobEventManager(models.Manager["JobEvent"]):
    def append(self, **fields: Any) -> "JobEvent":
        """Record an event and send the signal; events are recorded in no other way."""
        event = self.create(**fields)
        job_event_recorded.send(JobEvent, event=event)
        return event


OUTCOMES = (
    "completed",
    "failed",
    "cancelled",
    "crashed",
    "requeued",
    "attempt_failed",
)
"""Kinds of events that `/metrics` counts for the last hour."""


class JobEvent(models.Model):
    """An event in a job's append-only history; `seq` counts from 1 without gaps."""

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


class Source(models.Model):
    """A document that the user gave the job, as text."""

    job = models.ForeignKey("jobs.Job", models.CASCADE, related_name="sources")
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100, default="text/markdown")
    text = models.TextField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name


class PhaseResult(models.Model):
    """The output of one phase in one round; the constraint allows only one."""

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


MAX_SKILL_PATH_CHARS = MAX_PATH_CHARS + 1 + MAX_NAME_CHARS


class Fence(str):
    """A fencing token: a random value per claim; only the newest claim may write."""

    @classmethod
    def new(cls) -> "Fence":
        return cls(uuid.uuid4().hex)


class Job(models.Model):
    """A request to write one skill. Every change of its status goes through `_move`."""

    class Type(models.TextChoices):
        SKILL_CREATION = "skill_creation"
        """A new skill from a description and sources."""
        SKILL_REFINEMENT = "skill_refinement"
        """The next version of an active skill."""

    class Status(models.TextChoices):
        PENDING = "pending"
        """Submitted or retried; no worker has claimed it yet."""
        RUNNING = "running"
        """A worker has the lease, or the next phase is in the queue."""
        PENDING_HITL = "pending_hitl", "waiting for an answer"
        """Waiting for a person's answer; it has no lease and no message."""
        COMPLETED = "completed"
        """Every phase is done; the draft waits for a curator's decision."""
        FAILED = "failed"
        """`error` says why. A retry continues in the phase that failed."""
        CANCELLED = "cancelled"
        """A person has ended it."""

    FINAL = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)

    ValidationStatus = Verdict.Status

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
    """The version that a refinement starts from; null for a new skill."""
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
    """Attempts of this phase in which the author failed; crashes are not counted."""
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
    """When the job last began to run without waiting for a person."""
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
        """The time since the job's submission."""
        return timezone.now() - self.created_at

    @property
    def validation_passed(self) -> bool | None:
        """Whether the draft may be promoted; None before its validation."""
        if not self.validation_status:
            return None
        return self.validation_status != self.ValidationStatus.FAILED

    @property
    def draft_path(self) -> str:
        """The intended path of the skill; empty until the draft has a name."""
        if not self.skill_name:
            return ""
        return f"{self.intended_taxonomy_path}/{self.skill_name}"

    @property
    def promoted(self) -> bool:
        return bool(self.final_path)

    def may_be_changed_by(self, user: User | AnonymousUser) -> bool:
        """True for the job's owner and for operators."""
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
        """Change the job: one conditional UPDATE, its event, and the invalidation.

        Every change of a status goes through here (compare-and-swap). `where` is the
        guard; False: the row did not match it, and nothing was written. The event's
        number comes from the same UPDATE, so that a reader of the history never sees a
        gap that is filled later.
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
            invalidate_job(self)
        return True

    def claim(self, worker: Worker, fence: Fence | None = None) -> Fence | None:
        """Take the lease for one phase. None: another worker was first.

        A caller that passes its own fence can look for it after an unanswered COMMIT.
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
        """Extend the lease. False: the fence is lost, or the job has ended."""
        claimed = Job.objects.with_fence(self.pk, fence)
        return bool(
            claimed.write(
                lease_expires_at=Now() + settings.SKILLFLEET_JOB_LEASE,
                heartbeat_at=Now(),
            )
        )

    def report_progress(self, fence: str, percent: int, message: str) -> bool:
        """Record the phase's progress. False: the fence is lost.

        The percentage never decreases, even when the job repeats a phase. Only the
        owner of the fence writes it, so this instance has the row's value.
        """
        percent = max(self.progress_percent, min(100, percent))
        moved = self._move(
            self.Status.RUNNING,
            where=Job.objects.with_fence(self.pk, fence),
            event="progress",
            note={"percent": percent, "message": message},
            progress_percent=percent,
            progress_message=message[:255],
        )
        if moved:
            self.progress_percent = percent
        return moved
