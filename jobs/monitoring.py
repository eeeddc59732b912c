"""What operators see of jobs: stuck ones, statistics, and metrics for Prometheus."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import (
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Min,
    Sum,
)
from django.db.models.functions import Coalesce, Now
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from jobs import lifecycle
from jobs.models import Job, JobEvent, PhaseResult, Worker
from jobs.models.job import OUTCOMES, JobQuerySet

if TYPE_CHECKING:
    from django.db.models import QuerySet


KINDS = ("duration", "active", "waiting")
MEASURES = {"avg": None, "p50": 0.5, "p95": 0.95}
FIELDS = tuple(f"{measure}_{kind}_seconds" for measure in MEASURES for kind in KINDS)


def statistics(jobs: JobQuerySet) -> list[dict[str, Any]]:
    """A row per status, the largest count first; seconds are None where none ended."""
    every = jobs.order_by()
    try:
        lasted, of_jobs = _lasted(every).query.sql_with_params()
        worked, of_phases = _worked(every).query.sql_with_params()
    except EmptyResultSet:
        return []
    with connections[jobs.db].cursor() as cursor:
        cursor.execute(_statement(lasted, worked), (*of_jobs, *of_phases))
        return [_row(*found) for found in cursor.fetchall()]


def _lasted(jobs: JobQuerySet) -> "QuerySet[Job, tuple[Any, ...]]":
    return jobs.values_list("pk", "status", _between("created_at", "completed_at"))


def _worked(jobs: JobQuerySet) -> "QuerySet[PhaseResult, tuple[Any, ...]]":
    phases = PhaseResult.objects.order_by().filter(job__in=jobs.values("pk"))
    worked = Sum(_between("started_at", "finished_at"))
    summed = phases.values("job_id").annotate(worked=worked)
    return summed.values_list("job_id", "worked")


def _between(begin: str, end: str) -> ExpressionWrapper:
    return ExpressionWrapper(F(end) - F(begin), output_field=DurationField())


def _statement(lasted: str, worked: str) -> str:
    """Rows of a status have all ended, or none has: then every figure is null."""
    ranks = ", ".join(
        f"CUME_DIST() OVER (PARTITION BY status ORDER BY {kind}) AS {kind}_rank"
        for kind in KINDS
    )
    return f"""
        WITH lasted (job_id, status, duration) AS ({lasted}),
        worked (job_id, active) AS MATERIALIZED ({worked}),
        split AS (
            SELECT status, duration, COALESCE(duration - active, duration) AS waiting,
                CASE WHEN duration IS NOT NULL
                    THEN COALESCE(active, duration - duration) END AS active
            FROM lasted LEFT JOIN worked ON worked.job_id = lasted.job_id
        ),
        ranked AS (SELECT split.*, {ranks} FROM split)
        SELECT status, COUNT(*), {", ".join(_columns())} FROM ranked
        GROUP BY status ORDER BY COUNT(*) DESC, status
    """  # noqa: S608 made of names in this file and of Django's own SQL


def _columns() -> Iterator[str]:
    """In the order of FIELDS."""
    for share in MEASURES.values():
        for kind in KINDS:
            within = f"MIN(CASE WHEN {kind}_rank >= {share} THEN {kind} END)"
            yield within if share else f"AVG({kind})"


def _row(status: str, count: int, *figures: Any) -> dict[str, Any]:
    seconds = dict(zip(FIELDS, map(_seconds, figures), strict=True))
    return {"status": status, "count": count, **seconds}


def _seconds(duration: Any) -> float | None:
    """PostgreSQL has intervals, SQLite microseconds."""
    if isinstance(duration, timedelta):
        return round(duration.total_seconds(), 3)
    return None if duration is None else round(duration / 1e6, 3)


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


LATELY = timedelta(hours=1)
LATEST = 500
"""Phases whose times are told, and events that are looked through for claims."""
QUANTILES = (0.5, 0.95)
Times = Iterable[tuple[str, timedelta]]


class JobsCollector(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield live_jobs()
        yield from queue()
        yield one("dead", "Jobs that nobody goes on with", Job.objects.dead().count())
        yield alive_workers()
        yield happened()
        yield quantiles("run", "of the latest phases that ended well", run_times())
        yield quantiles("wait", "of the latest claims for a worker", wait_times())


def one(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"skillfleet_jobs_{name}", meaning, value)


def by_label(
    name: str, meaning: str, label: str, rows: Iterable[tuple[str, float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"skillfleet_{name}", meaning, labels=[label])
    for value, count in rows:
        family.add_metric([value], count)
    return family


def live_jobs() -> GaugeMetricFamily:
    rows = Job.objects.live().order_by().values_list("status")
    counts = dict(rows.annotate(count=Count("pk")))
    states = ("pending", "running", "pending_hitl")
    found = [(state, counts.get(state, 0)) for state in states]
    return by_label("jobs_live", "Jobs that have not ended", "status", found)


def queue() -> Iterator[GaugeMetricFamily]:
    """The age is by the database's clock, which wrote the times."""
    ready = Job.objects.claimable()  # no worker may take what is over a user's limit
    since = Coalesce("enqueued_at", "created_at")
    age = ExpressionWrapper(Now() - Min(since), output_field=DurationField())
    found = ready.order_by().aggregate(depth=Count("pk"), age=age)
    seconds = found["age"].total_seconds() if found["age"] else 0.0
    yield one("ready", "Jobs that wait for a worker: the queue's depth", found["depth"])
    yield one("ready_age_seconds", "How long the first of them has waited", seconds)


def alive_workers() -> GaugeMetricFamily:
    rows = Worker.objects.alive().order_by().values_list("host")
    counts = rows.annotate(count=Count("pk"))
    return by_label("workers_alive", "Workers heard of lately", "host", counts)


def happened() -> GaugeMetricFamily:
    """Outcomes, crashes and second attempts."""
    lately = JobEvent.objects.filter(kind__in=OUTCOMES, at__gt=Now() - LATELY)
    counts = dict(lately.order_by().values_list("kind").annotate(count=Count("pk")))
    found = [(kind, counts.get(kind, 0)) for kind in OUTCOMES]
    return by_label("jobs_last_hour", "What became of jobs lately", "kind", found)


def run_times() -> Times:
    latest = PhaseResult.objects.order_by("-pk")[:LATEST]
    ran = latest.values_list("phase", "started_at", "finished_at")
    return ((phase, finished - started) for phase, started, finished in ran)


def wait_times() -> Times:
    """From the event before a claim, which enqueued the job, to the claim."""
    latest = JobEvent.objects.order_by("-pk")[: 4 * LATEST]
    seen: dict[tuple[Any, int], Any] = {}
    claims = []
    for job, seq, kind, phase, at in latest.values_list(
        "job_id", "seq", "kind", "phase", "at"
    ):
        seen[job, seq] = at
        if kind == "claimed":
            claims.append((job, seq, phase, at))
    for job, seq, phase, at in claims:
        if (job, seq - 1) in seen:
            yield phase, at - seen[job, seq - 1]


def quantiles(what: str, meaning: str, times: Times) -> GaugeMetricFamily:
    """By phase; nearest rank, a time that was."""
    family = GaugeMetricFamily(
        f"skillfleet_phase_{what}_seconds",
        f"Seconds {meaning}",
        labels=["phase", "quantile"],
    )
    by_phase: dict[str, list[float]] = defaultdict(list)
    for phase, took in times:
        by_phase[phase].append(took.total_seconds())
    for phase, found in sorted(by_phase.items()):
        found.sort()
        for share in QUANTILES:
            rank = max(0, -int(-share * len(found) // 1) - 1)
            family.add_metric([phase, str(share)], found[rank])
    return family
