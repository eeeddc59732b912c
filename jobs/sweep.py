"""Finds what nobody goes on with, and puts it back."""

import logging
from dataclasses import dataclass

from jobs import deadlines, lifecycle, queue
from jobs.logs import about
from jobs.models import Delivery, Job, Question, Worker

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
    timed_out = sum(map(deadlines.time_out, overdue))
    open_for_long = Question.objects.to_remind().select_related("job")
    reminded = sum(map(deadlines.remind, open_for_long))
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
