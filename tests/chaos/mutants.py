"""Ways to break the engine that the report must notice: MUTANT=name."""

import os
from typing import Any

from django.db import transaction


def no_fence() -> None:
    """Whoever comes to a checkpoint writes, and goes on with the job."""
    from jobs.engine.checkpoint import Attempt
    from jobs.models import Job
    from jobs.models.job import JobQuerySet

    JobQuerySet.with_fence = lambda self, job_id, fence: self.live().filter(pk=job_id)
    Attempt.where = property(lambda self: Job.objects.live().filter(pk=self.job.pk))


def no_sweep() -> None:
    """Nobody looks for what the dead have left."""
    from jobs.engine import maintenance
    from jobs.models.job import JobQuerySet

    maintenance.sweep = lambda: None  # type: ignore[assignment]
    JobQuerySet.expired = lambda self: self.none()


def message_outside() -> None:
    """The message is written behind the COMMIT, as one does without an ORM broker."""
    from jobs.engine import queue

    inside = queue.enqueue

    def outside(job: Any) -> None:
        transaction.on_commit(lambda: inside(job))

    queue.enqueue = outside


def no_renewal() -> None:
    """Leases run out while their holders work."""
    from jobs.models import Job

    Job.renew_lease = lambda self, fence: True  # type: ignore[method-assign]


MUTANTS = {
    "no-fence": no_fence,
    "no-sweep": no_sweep,
    "message-outside": message_outside,
    "no-renewal": no_renewal,
}


def break_what_is_named() -> None:
    if name := os.environ.get("CHAOS_MUTANT"):
        MUTANTS[name]()
