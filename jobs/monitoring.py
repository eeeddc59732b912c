"""Monitoring for operators: stuck jobs, statistics, and metrics for Prometheus."""

import math
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
"""Prefixes of the fields, and the fraction of a percentile; None: the average."""
FIELDS = tuple(f"{measure}_{kind}_seconds" for measure in MEASURES for kind in KINDS)


def statistics(jobs: JobQuerySet) -> list[dict[str, Any]]:
    """How long jobs take, by status: a row for each, the largest count first.

    Active seconds are those of phases that succeeded, waiting seconds the rest of the
    time from submission to the end; they are None for a status without ended jobs.
    One SQL statement does it all. Its percentiles use CUME_DIST, which PostgreSQL and
    SQLite both have.
    """
    unordered = jobs.order_by()
    try:
        durations, job_params = _durations(unordered).query.sql_with_params()
        active, phase_params = _active_times(unordered).query.sql_with_params()
    except EmptyResultSet:
        return []
    with connections[jobs.db].cursor() as cursor:
        cursor.execute(_statement(durations, active), (*job_params, *phase_params))
        return [_row(*columns) for columns in cursor.fetchall()]


def _durations(jobs: JobQuerySet) -> "QuerySet[Job, tuple[Any, ...]]":
    """Job id, status and duration, which is None for a job that has not ended."""
    return jobs.values_list("pk", "status", _between("created_at", "completed_at"))


def _active_times(jobs: JobQuerySet) -> "QuerySet[PhaseResult, tuple[Any, ...]]":
    """Job id and the sum of its phases."""
    phases = PhaseResult.objects.order_by().filter(job__in=jobs.values("pk"))
    active = Sum(_between("started_at", "finished_at"))
    return (
        phases.values("job_id").annotate(active=active).values_list("job_id", "active")
    )


def _between(begin: str, end: str) -> ExpressionWrapper:
    return ExpressionWrapper(F(end) - F(begin), output_field=DurationField())


def _statement(durations: str, active_times: str) -> str:
    """The SQL of the statistics; the times are null for a status that is not final.

    `duration - duration` is a zero of the type that the database uses for durations.
    """
    ranks = ", ".join(
        f"CUME_DIST() OVER (PARTITION BY status ORDER BY {kind}) AS {kind}_rank"
        for kind in KINDS
    )
    return f"""
        WITH durations (job_id, status, duration) AS ({durations}),
        active_times (job_id, active) AS MATERIALIZED ({active_times}),
        times AS (
            SELECT status, duration, COALESCE(duration - active, duration) AS waiting,
                CASE WHEN duration IS NOT NULL
                    THEN COALESCE(active, duration - duration) END AS active
            FROM durations LEFT JOIN active_times
                ON active_times.job_id = durations.job_id
        ),
        ranked AS (SELECT times.*, {ranks} FROM times)
        SELECT status, COUNT(*), {", ".join(_columns())} FROM ranked
        GROUP BY status ORDER BY COUNT(*) DESC, status
    """  # noqa: S608 made of names in this file and of Django's own SQL


def _columns() -> Iterator[str]:
    """The SQL expressions, in the order of FIELDS."""
    for fraction in MEASURES.values():
        for kind in KINDS:
            percentile = f"MIN(CASE WHEN {kind}_rank >= {fraction} THEN {kind} END)"
            yield percentile if fraction else f"AVG({kind})"


def _row(status: str, count: int, *durations: Any) -> dict[str, Any]:
    seconds = dict(zip(FIELDS, map(_seconds, durations), strict=True))
    return {"status": status, "count": count, **seconds}


def _seconds(duration: Any) -> float | None:
    """A duration in seconds; PostgreSQL returns intervals, SQLite microseconds."""
    if isinstance(duration, timedelta):
        return round(duration.total_seconds(), 3)
    return None if duration is None else round(duration / 1e6, 3)


DEAD = "dead"
"""The lease has expired or the queue has lost the message: no worker will take it."""
LONG = "long"
"""The lease is valid, but the job runs for longer than the given time."""


@dataclass(frozen=True)
class Stuck:
    """A stuck job, as it was read; `age` is the time since its submission."""

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
    """Dead jobs, then jobs that run for longer than this; the oldest first."""
    jobs: JobQuerySet = Job.objects.all() if among is None else among
    return [
        *_rows(DEAD, jobs.dead()),
        *_rows(LONG, jobs.long(older_than)),
    ]


def _rows(kind: str, jobs: JobQuerySet) -> Iterator[Stuck]:
    """Ages are computed by the database, whose clock also wrote `created_at`."""
    age = ExpressionWrapper(Now() - F("created_at"), output_field=DurationField())
    for job in jobs.annotate(since_submission=age).order_by("created_at", "pk"):
        yield Stuck(job, kind, job.since_submission)


def requeue(stuck: Stuck) -> bool:
    """Enqueue the job again. False: it has continued in the meantime."""
    if stuck.kind == DEAD:
        return lifecycle.recover(stuck.job)
    return lifecycle.requeue(stuck.job)


def fail(stuck: Stuck) -> bool:
    """Fail the job. False: it has continued in the meantime."""
    reason = (
        f"Given up by an operator: it was {stuck.kind} in phase"
        f" {stuck.job.current_phase}."
    )
    return lifecycle.fail(stuck.job, reason, where=_unchanged(stuck))


def _unchanged(stuck: Stuck) -> JobQuerySet:
    """The guard: the job was not claimed or advanced, and its lease not renewed."""
    job = stuck.job
    expired = stuck.kind == DEAD and job.lease_expires_at is not None
    jobs = Job.objects.expired() if expired else Job.objects.live()
    return jobs.filter(
        pk=job.pk,
        status=job.status,
        fence=job.fence,
        round=job.round,
        current_phase=job.current_phase,
    )


@dataclass(frozen=True)
class QueueStatus:
    """How many workers are alive, and how many jobs wait for one."""

    workers_alive: int
    waiting: int

    @property
    def is_stalled(self) -> bool:
        """Jobs wait, and no worker is alive to take them."""
        return bool(self.waiting) and not self.workers_alive


def queue_status() -> QueueStatus:
    return QueueStatus(
        workers_alive=Worker.objects.alive().count(),
        waiting=Job.objects.ready().count(),
    )


def how_to_start_a_worker() -> str:
    """The hint for a user whose job waits while no worker is alive."""
    if settings.SKILLFLEET_JOBS == "inline":
        return "start the web server: it works on the jobs itself"
    return "start one with: manage.py qcluster"


LAST_HOUR = timedelta(hours=1)
SAMPLE_SIZE = 500
"""From how many of the latest phases and claims the quantiles are computed."""
QUANTILES = (0.5, 0.95)
Times = Iterable[tuple[str, timedelta]]


class JobsCollector(Collector):
    """Metrics of jobs for Prometheus. They come from the database, not this process.

    All are gauges from bounded, indexed queries: the live jobs, the outcomes of the
    last hour, and how long the latest phases waited and ran.
    """

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield live_jobs()
        yield from ready_jobs()
        yield gauge(
            "dead",
            "Jobs that no worker will take: lease expired or message lost",
            Job.objects.dead().count(),
        )
        yield alive_workers()
        yield outcomes()
        yield quantiles("run", "that the latest successful phases ran", run_times())
        yield quantiles(
            "wait", "that the latest claimed jobs waited for a worker", wait_times()
        )


def gauge(name: str, description: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"skillfleet_jobs_{name}", description, value)


def labelled_gauge(
    name: str, description: str, label: str, rows: Iterable[tuple[str, float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"skillfleet_{name}", description, labels=[label])
    for value, count in rows:
        family.add_metric([value], count)
    return family


def live_jobs() -> GaugeMetricFamily:
    by_status = Job.objects.live().order_by().values_list("status")
    counts = dict(by_status.annotate(count=Count("pk")))
    states = ("pending", "running", "pending_hitl")
    rows = [(state, counts.get(state, 0)) for state in states]
    return labelled_gauge("jobs_live", "Jobs that have not ended", "status", rows)


def ready_jobs() -> Iterator[GaugeMetricFamily]:
    """Ages are computed by the database, whose clock also wrote the times."""
    ready = Job.objects.claimable()  # without jobs over their user's limit
    since = Coalesce("enqueued_at", "created_at")
    age = ExpressionWrapper(Now() - Min(since), output_field=DurationField())
    totals = ready.order_by().aggregate(depth=Count("pk"), age=age)
    seconds = totals["age"].total_seconds() if totals["age"] else 0.0
    yield gauge("ready", "Jobs that wait for a worker", totals["depth"])
    yield gauge(
        "ready_age_seconds", "Seconds that the oldest waiting job has waited", seconds
    )


def alive_workers() -> GaugeMetricFamily:
    rows = Worker.objects.alive().order_by().values_list("host")
    counts = rows.annotate(count=Count("pk"))
    return labelled_gauge(
        "workers_alive", "Workers with a heartbeat within one lease", "host", counts
    )


def outcomes() -> GaugeMetricFamily:
    """Ends, crashes, requeues and failed attempts of the last hour."""
    recent = JobEvent.objects.filter(kind__in=OUTCOMES, at__gt=Now() - LAST_HOUR)
    counts = dict(recent.order_by().values_list("kind").annotate(count=Count("pk")))
    rows = [(kind, counts.get(kind, 0)) for kind in OUTCOMES]
    return labelled_gauge(
        "jobs_last_hour", "Outcomes of jobs in the last hour", "kind", rows
    )


def run_times() -> Times:
    latest = PhaseResult.objects.order_by("-pk")[:SAMPLE_SIZE]
    rows = latest.values_list("phase", "started_at", "finished_at")
    return ((phase, finished - started) for phase, started, finished in rows)


def wait_times() -> Times:
    """Times from the event that enqueued a job to the claim that follows it."""
    latest = JobEvent.objects.order_by("-pk")[: 4 * SAMPLE_SIZE]
    times: dict[tuple[Any, int], Any] = {}
    claims = []
    for job, seq, kind, phase, at in latest.values_list(
        "job_id", "seq", "kind", "phase", "at"
    ):
        times[job, seq] = at
        if kind == "claimed":
            claims.append((job, seq, phase, at))
    for job, seq, phase, at in claims:
        if (job, seq - 1) in times:
            yield phase, at - times[job, seq - 1]


def quantiles(name: str, description: str, times: Times) -> GaugeMetricFamily:
    """Quantiles by phase, by nearest rank: each is one of the measured times."""
    family = GaugeMetricFamily(
        f"skillfleet_phase_{name}_seconds",
        f"Seconds {description}",
        labels=["phase", "quantile"],
    )
    by_phase: dict[str, list[float]] = defaultdict(list)
    for phase, duration in times:
        by_phase[phase].append(duration.total_seconds())
    for phase, seconds in sorted(by_phase.items()):
        seconds.sort()
        for quantile in QUANTILES:
            rank = max(0, math.ceil(quantile * len(seconds)) - 1)
            family.add_metric([phase, str(quantile)], seconds[rank])
    return family
