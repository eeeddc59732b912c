"""Periodic maintenance: the sweep for dead jobs, question deadlines, and pruning.

Pruning removes a job with its sources, results, questions, history and draft. The
content that a draft pointed at is removed a day later at the earliest, unless a
version or another draft uses it: `taxonomy.unused_content`.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice

from django.conf import settings
from django.db import Error, connections, transaction
from django.db.models.functions import Now

from jobs import lifecycle
from jobs.engine import queue
from jobs.invalidation import invalidate_job
from jobs.models import Delivery, Job, Question, Worker
from jobs.models.job import JobQuerySet, log_fields
from taxonomy.unused_content import Removed, prune_content
from taxonomy.usage import maintain_usage
from taxonomy.validation import revalidate_outdated

logger = logging.getLogger(__name__)
PRUNE_SECONDS = 3600.0
REVALIDATION_SECONDS = 10.0
"""The pause between two batches of skills that need validation after an upgrade."""
BATCH = 200
"""Jobs per transaction: few, so that workers do not wait long for a SQLite file."""
BATCHES_AT_A_TIME = 25
"""Batches per run, so that the other chores run in between."""


class Chores:
    """The timer for periodic chores: runs each one when it is due.

    A chore returns the seconds until it is due again. A chore that raises stays due.
    """

    def __init__(self, *chores: Callable[[], float]) -> None:
        self.due = dict.fromkeys(chores, 0.0)

    def run(self, is_stopping: Callable[[], bool]) -> None:
        for chore, due in self.due.items():
            if time.monotonic() >= due and not is_stopping():
                guarded(partial(self._run, chore))

    def _run(self, chore: Callable[[], float]) -> None:
        pause = chore()
        self.due[chore] = time.monotonic() + pause


def guarded(chore: Callable[[], object]) -> None:
    """Run the chore and log its exception, so that its caller's loop goes on.

    The caller is the parent of all workers of the host, or the supervisor thread of a
    web process: nothing would restart it.
    """
    try:
        chore()
    except Error as error:
        logger.warning("maintenance waits for the database error=%s", error)
        connections.close_all()
    except Exception:
        logger.exception("maintenance failed")


def sweep_chore() -> float:
    sweep()
    interval: timedelta = settings.SKILLFLEET_SWEEP_INTERVAL
    return interval.total_seconds()


def prune_chore() -> float:
    prune_old()
    return PRUNE_SECONDS


def revalidation_chore() -> float:
    """Validate a batch of skills by the current rules; due again soon if more wait."""
    return REVALIDATION_SECONDS if revalidate_outdated() else PRUNE_SECONDS


@dataclass(frozen=True)
class Swept:
    """How many jobs were requeued, questions timed out, and owners reminded."""

    requeued: int
    timed_out: int
    reminded: int


def sweep() -> Swept:
    """Recover dead jobs, time out questions, send reminders, start webhook delivery.

    Any number of sweeps may run at once: every step is a conditional UPDATE.
    """
    requeued = sum(map(_recover, Job.objects.dead()))
    overdue = Question.objects.overdue().select_related("job")
    timed_out = sum(map(time_out, overdue))
    to_remind = Question.objects.to_remind().select_related("job")
    reminded = sum(map(remind, to_remind))
    Worker.objects.forgettable().delete()
    if Delivery.objects.due().exists():
        queue.enqueue_webhook_delivery()
    if requeued or timed_out:
        logger.warning("swept requeued=%s timed_out=%s", requeued, timed_out)
    return Swept(requeued, timed_out, reminded)


def _recover(job: Job) -> bool:
    """Requeue a dead job. False: its lease was renewed since the job was listed."""
    recovered = lifecycle.recover(job)
    if recovered:
        why = "message lost" if job.lease_expires_at is None else "lease expired"
        logger.warning(
            "job recovered: %s %s worker=%s", why, log_fields(job), job.worker
        )
    return recovered


def release_jobs_of_dead_worker(pid: int) -> None:
    """Release the jobs of a dead process of this host, before their leases expire."""
    for worker in Worker.objects.filter(host=settings.HOST_NAME, pid=pid):
        jobs = Job.objects.live().filter(status="running", worker=worker.label)
        for job in jobs:
            if lifecycle.release(job, where=jobs):
                logger.warning("job released: its worker died %s", log_fields(job))
        worker.delete()


def time_out(question: Question) -> bool:
    """Fail the job of a question that nobody answered in time.

    The job's row is locked before the question is read. One guard over both tables
    would not be enough: PostgreSQL does not check it again after waiting for an answer.
    """
    with transaction.atomic():
        _lock_job(question)
        if not Question.objects.overdue().filter(pk=question.pk).exists():
            return False
        reason = f"Nobody answered '{question.kind}' by {question.timeout_at:%c}."
        if not lifecycle.fail(question.job, reason, where=_waits_for(question)):
            return False
        Question.objects.filter(pk=question.pk).update(status=Question.Status.TIMEOUT)
    return True


def remind(question: Question) -> bool:
    """Record once, in the job's history, that the question is still open.

    False: it was answered, or the reminder was recorded before. The job's row is
    locked first, so that of two concurrent reminders the second sees the first.
    """
    with transaction.atomic():
        _lock_job(question)
        due = Question.objects.to_remind().filter(pk=question.pk)
        if not due.update(remind_at=None):
            return False
        return question.job._move(
            Job.Status.PENDING_HITL,
            where=_waits_for(question),
            event="reminded",
            note={
                "kind": question.kind,
                "round": question.round,
                "timeout_at": question.timeout_at.isoformat(),
            },
        )


def _lock_job(question: Question) -> None:
    """Lock the job's row until the transaction ends; it may have been pruned."""
    Job.objects.select_for_update().filter(pk=question.job_id).first()


def _waits_for(question: Question) -> JobQuerySet:
    """The question's job, as long as it waits for this very question."""
    waiting: JobQuerySet = Job.objects.live().filter(
        status=Job.Status.PENDING_HITL, round=question.round
    )
    return waiting


@dataclass(frozen=True)
class Pruned:
    """How many jobs were removed, and how many rows in all."""

    jobs: int
    rows: int


def prunable(age: timedelta) -> int:
    """How many jobs ended longer ago than this."""
    return Job.objects.ended_before(age).count()


def prune(age: timedelta) -> Iterator[Pruned]:
    """Remove jobs that ended longer ago than this, a batch at a time.

    Records of failed tasks in django-q2 and finished webhook deliveries of that age
    are removed, too.
    """
    queue.prune_failures(age)
    _prune_deliveries(age)
    while (batch := _prune_batch(age)).jobs:
        yield batch


def prune_old() -> int:
    """Remove jobs that ended more than SKILLFLEET_JOBS_KEPT_DAYS ago; return how many.

    Unused content and old usage are removed, too, and usage is rolled up. Each call
    does a limited number of batches; the next call continues.
    """
    age = timedelta(days=settings.SKILLFLEET_JOBS_KEPT_DAYS)
    jobs = sum(batch.jobs for batch in islice(prune(age), BATCHES_AT_A_TIME))
    if jobs:
        logger.info("old jobs removed jobs=%s", jobs)
    free_content(BATCHES_AT_A_TIME)
    maintain_usage(BATCHES_AT_A_TIME)
    return jobs


def free_content(max_batches: int | None = None) -> Removed:
    """Remove content that no draft and no version uses; None: all of it."""
    batches = list(islice(prune_content(), max_batches))
    bundles = sum(batch.bundles for batch in batches)
    blobs = sum(batch.blobs for batch in batches)
    if batches:
        logger.info("unused content removed bundles=%s blobs=%s", bundles, blobs)
    return Removed(bundles, blobs)


@transaction.atomic
def _prune_batch(age: timedelta) -> Pruned:
    """Lock the rows first, so that a job that is being retried is not removed."""
    ended = Job.objects.ended_before(age).order_by("completed_at", "pk")
    jobs = list(ended.select_for_update()[:BATCH])
    rows, _ = Job.objects.filter(pk__in=[job.pk for job in jobs]).delete()
    for job in jobs:
        invalidate_job(job)
    return Pruned(len(jobs), rows)


def _prune_deliveries(age: timedelta) -> None:
    finished = Delivery.objects.filter(finished_at__lt=Now() - age).order_by("pk")
    while keys := list(finished.values_list("pk", flat=True)[:BATCH]):
        Delivery.objects.filter(pk__in=keys).delete()
