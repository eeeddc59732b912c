"""Periodic maintenance: the sweep for dead jobs, question deadlines, and pruning.

Pruning removes a job with its sources, results, questions, history and draft. The
content that a draft pointed at is removed a day later at the earliest, unless a
version or another draft uses it: `taxonomy.pruning`.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from jobs import lifecycle
from jobs.engine import queue
from jobs.invalidation import invalidate_job
from jobs.models import Delivery, Job, Question, Worker
from jobs.models.job import JobQuerySet, about
from taxonomy.unused_content import Freed, prune_content
from taxonomy.usage import maintain_usage


def time_out(question: Question) -> bool:
    """Fail the job of a question that nobody answered in time.

    The job's row is held before the question is looked at: a guard that joined the
    two would, on PostgreSQL, not be asked again after an answer was waited for.
    """
    with transaction.atomic():
        _hold_job(question)
        if not Question.objects.overdue().filter(pk=question.pk).exists():
            return False
        reason = f"Nobody answered '{question.kind}' by {question.timeout_at:%c}."
        if not lifecycle.fail(question.job, reason, where=_asked(question)):
            return False
        Question.objects.filter(pk=question.pk).update(status=Question.Status.TIMEOUT)
    return True


def remind(question: Question) -> bool:
    """Say once, in the job's history, that it waits. False: it was said, or answered.

    The job's row is held first, so that of two reminders the second one looks at a
    question that the first has marked.
    """
    with transaction.atomic():
        _hold_job(question)
        due = Question.objects.to_remind().filter(pk=question.pk)
        if not due.update(remind_at=None):
            return False
        return question.job._move(
            Job.Status.PENDING_HITL,
            where=_asked(question),
            event="reminded",
            note={
                "kind": question.kind,
                "round": question.round,
                "timeout_at": question.timeout_at.isoformat(),
            },
        )


def _hold_job(question: Question) -> None:
    """Until the transaction ends; one that was pruned meanwhile has no question."""
    Job.objects.select_for_update().filter(pk=question.job_id).first()


def _asked(question: Question) -> JobQuerySet:
    """Its job, as long as it waits for this very question."""
    waiting: JobQuerySet = Job.objects.live().filter(
        status=Job.Status.PENDING_HITL, round=question.round
    )
    return waiting


logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Swept:
    """How many jobs were put back, and questions out of time, or out of half of it."""

    requeued: int
    timed_out: int
    reminded: int


def sweep() -> Swept:
    """Release expired leases, send lost messages again, end overdue questions, remind,
    and see that webhooks are delivered.

    Any number of sweeps may run at once: every step is conditional.
    """
    requeued = sum(map(_put_back, Job.objects.dead()))
    overdue = Question.objects.overdue().select_related("job")
    timed_out = sum(map(time_out, overdue))
    open_for_long = Question.objects.to_remind().select_related("job")
    reminded = sum(map(remind, open_for_long))
    Worker.objects.gone().delete()
    if Delivery.objects.due().exists():
        queue.call_courier()
    if requeued or timed_out:
        logger.warning("swept requeued=%s timed_out=%s", requeued, timed_out)
    return Swept(requeued, timed_out, reminded)


def _put_back(job: Job) -> bool:
    """A lease that was renewed since the job was listed is left alone."""
    expired = job.lease_expires_at is not None
    put_back = lifecycle.release(job) if expired else lifecycle.requeue(job)
    if put_back:
        why = "lease expired" if expired else "message lost"
        logger.warning("job put back: %s %s worker=%s", why, about(job), job.worker)
    return put_back


BATCH = 200
"""Jobs per transaction: short enough not to keep workers from a SQLite file."""
AT_A_TIME = 25
"""Batches that a cluster's parent removes before it looks after its workers again."""


@dataclass(frozen=True)
class Pruned:
    """How many jobs went, and how many rows in all."""

    jobs: int
    rows: int


def prunable(age: timedelta) -> int:
    """How many jobs ended longer ago than this."""
    return Job.objects.ended_before(age).count()


def prune(age: timedelta) -> Iterator[Pruned]:
    """Remove jobs that ended longer ago than this, a batch at a time.

    What django-q2 recorded of tasks that failed before then goes, too, and the log of
    deliveries that were done with; a job's own go with the job.
    """
    queue.prune_failures(age)
    _prune_deliveries(age)
    while (batch := _prune_batch(age)).jobs:
        yield batch


def prune_old() -> int:
    """Remove what ended more than SKILLFLEET_JOBS_KEPT_DAYS ago; how many jobs. Unused
    content and old usage go, too, and usage is rolled up.

    Some of it: who calls has other chores to do meanwhile, and calls again.
    """
    age = timedelta(days=settings.SKILLFLEET_JOBS_KEPT_DAYS)
    jobs = sum(batch.jobs for batch in islice(prune(age), AT_A_TIME))
    if jobs:
        logger.info("old jobs removed jobs=%s", jobs)
    free_content(AT_A_TIME)
    maintain_usage(AT_A_TIME)
    return jobs


def free_content(most: int | None = None) -> Freed:
    """Remove what no draft and no version has, in batches; how much in all."""
    batches = list(islice(prune_content(), most))
    bundles = sum(batch.bundles for batch in batches)
    blobs = sum(batch.blobs for batch in batches)
    if batches:
        logger.info("unused content removed bundles=%s blobs=%s", bundles, blobs)
    return Freed(bundles, blobs)


@transaction.atomic
def _prune_batch(age: timedelta) -> Pruned:
    """The rows are locked first: a job that is retried just now is left alone."""
    ended = Job.objects.ended_before(age).order_by("completed_at", "pk")
    jobs = list(ended.select_for_update()[:BATCH])
    rows, _ = Job.objects.filter(pk__in=[job.pk for job in jobs]).delete()
    for job in jobs:
        invalidate_job(job)
    return Pruned(len(jobs), rows)


def _prune_deliveries(age: timedelta) -> None:
    done = Delivery.objects.filter(finished_at__lt=Now() - age).order_by("pk")
    while keys := list(done.values_list("pk", flat=True)[:BATCH]):
        Delivery.objects.filter(pk__in=keys).delete()
