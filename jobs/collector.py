"""The jobs' figures for Prometheus, from the database: the same on every host.

All are gauges, read from indexes and bounded: what is live, what happened within an
hour, and how long the latest phases waited and ran.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, Min
from django.db.models.functions import Coalesce, Now
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from jobs.models import Job, JobEvent, PhaseResult, Worker
from jobs.models.event import OUTCOMES

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
