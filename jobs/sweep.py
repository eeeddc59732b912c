"""Finds what nobody goes on with, and puts it back."""

import logging
from dataclasses import dataclass

from jobs import lifecycle
from jobs.models import Job, Question, Worker

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Swept:
    """How many jobs were put back, and how many questions ran out of time."""

    requeued: int
    timed_out: int


def sweep() -> Swept:
    """Release expired leases, send lost messages again, end overdue questions.

    Any number of sweeps may run at once: every step is conditional.
    """
    requeued = sum(map(_put_back, Job.objects.dead()))
    overdue = Question.objects.overdue().select_related("job")
    timed_out = sum(lifecycle.time_out(question) for question in overdue)
    Worker.objects.gone().delete()
    if requeued or timed_out:
        logger.warning("swept requeued=%s timed_out=%s", requeued, timed_out)
    return Swept(requeued, timed_out)


def _put_back(job: Job) -> bool:
    """A lease that was renewed since the job was listed is left alone."""
    if job.lease_expires_at is not None:
        return lifecycle.release(job)
    return lifecycle.requeue(job)
