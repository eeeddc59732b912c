"""Which jobs are stuck, who is there to work, and what an operator can do about it.

The command `stuck_jobs` and `GET /jobs/stuck` show the same rows, made here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from jobs import lifecycle
from jobs.models import Job, Worker
from jobs.models.querysets import JobQuerySet

DEAD = "dead"
"""Its lease has expired, or the queue has lost its message: nobody goes on with it."""
LONG = "long"
"""A healthy lease, but running for longer than asked."""


@dataclass(frozen=True)
class Stuck:
    """One stuck job as it was found; `age` is since its submission."""

    job: Job
    kind: str
    age: timedelta

    def as_json(self) -> dict[str, Any]:
        """The row as the API and `--json` show it; `age` in seconds."""
        return {
            "job_id": str(self.job.pk),
            "kind": self.kind,
            "current_phase": self.job.current_phase,
            "created_at": self.job.created_at.isoformat(),
            "age": round(self.age.total_seconds()),
            "crashes": self.job.crashes,
            "worker": self.job.worker,
        }


def stuck(older_than: timedelta, among: JobQuerySet | None = None) -> list[Stuck]:
    """Dead jobs, then the ones that run for longer than this; the oldest first."""
    jobs: JobQuerySet = Job.objects.all() if among is None else among
    return [
        *_rows(DEAD, jobs.dead()),
        *_rows(LONG, jobs.long(older_than)),
    ]


def _rows(kind: str, jobs: JobQuerySet) -> Iterator[Stuck]:
    """The age is the database's to tell: its clock wrote `created_at`."""
    age = ExpressionWrapper(Now() - F("created_at"), output_field=DurationField())
    for job in jobs.annotate(since_submission=age).order_by("created_at", "pk"):
        yield Stuck(job, kind, job.since_submission)


def requeue(found: Stuck) -> bool:
    """Put it back. False: it has gone on meanwhile."""
    if _lease_expired(found):
        return lifecycle.release(found.job)
    return lifecycle.requeue(found.job)


def fail(found: Stuck) -> bool:
    """Give it up. False: it has gone on meanwhile."""
    reason = (
        f"Given up by an operator: it was {found.kind} in phase"
        f" {found.job.current_phase}."
    )
    return lifecycle.fail(found.job, reason, where=_as_found(found))


def _as_found(found: Stuck) -> JobQuerySet:
    """The guard: nobody has claimed it, gone on with it or renewed a dead lease."""
    job = found.job
    jobs = Job.objects.expired() if _lease_expired(found) else Job.objects.live()
    return jobs.filter(
        pk=job.pk,
        status=job.status,
        fence=job.fence,
        round=job.round,
        current_phase=job.current_phase,
    )


def _lease_expired(found: Stuck) -> bool:
    return found.kind == DEAD and found.job.lease_expires_at is not None


@dataclass(frozen=True)
class Attendance:
    """How many workers are alive, and how many jobs wait for one."""

    workers_alive: int
    waiting: int

    @property
    def unattended(self) -> bool:
        """Jobs wait, and nobody will come for them."""
        return bool(self.waiting) and not self.workers_alive


def attendance() -> Attendance:
    return Attendance(
        workers_alive=Worker.objects.alive().count(),
        waiting=Job.objects.ready().count(),
    )


def how_to_start_a_worker() -> str:
    """What to tell a person whose job waits for nobody."""
    if settings.SKILLFLEET_JOBS == "inline":
        return "start the web server: it works on the jobs itself"
    return "start one with: manage.py qcluster"
