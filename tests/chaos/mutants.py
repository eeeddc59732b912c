"""Ways to break the engine that the report must notice: MUTANT=name."""

import os
from typing import Any

from django.db import transaction


def replace(owner: Any, name: str, value: Any) -> None:
    """Set an attribute that must exist already, so that a rename is noticed."""
    getattr(owner, name)
    setattr(owner, name, value)


def no_fence() -> None:
    """A worker writes its checkpoint without checking its fence."""
    from jobs.engine.checkpoint import Attempt
    from jobs.models import Job
    from jobs.models.job import JobQuerySet

    replace(
        JobQuerySet,
        "with_fence",
        lambda self, job_id, fence: self.live().filter(pk=job_id),
    )
    unfenced = property(lambda self: Job.objects.live().filter(pk=self.job.pk))
    replace(Attempt, "where", unfenced)


def no_sweep() -> None:
    """Nobody looks for dead jobs."""
    from jobs.engine import maintenance
    from jobs.models.job import JobQuerySet

    replace(maintenance, "sweep", lambda: None)
    replace(JobQuerySet, "expired", lambda self: self.none())


def message_outside() -> None:
    """The message is written after the COMMIT, as with a broker outside the
    database."""
    from jobs.engine import queue

    inside = queue.enqueue

    def outside(job: Any) -> None:
        transaction.on_commit(lambda: inside(job))

    replace(queue, "enqueue", outside)


def no_renewal() -> None:
    """The heartbeat does not renew the lease."""
    from jobs.models import Job

    replace(Job, "renew_lease", lambda self, fence: True)


MUTANTS = {
    "no-fence": no_fence,
    "no-sweep": no_sweep,
    "message-outside": message_outside,
    "no-renewal": no_renewal,
}


def apply_named_mutant() -> None:
    if name := os.environ.get("CHAOS_MUTANT"):
        MUTANTS[name]()
