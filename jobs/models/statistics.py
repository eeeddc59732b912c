"""How long jobs take, by status: averages and percentiles of every job's seconds.

Active seconds are those of phases that ended well; waiting ones are the rest of the
time from submission to the end. The phases are summed up in one pass, not asked for job
by job; sorted by each kind, `CUME_DIST` finds the percentiles on both databases.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import (
    DurationField,
    ExpressionWrapper,
    F,
    Sum,
)

from jobs.models.phase_result import PhaseResult

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from jobs.models.job import Job
    from jobs.models.querysets import JobQuerySet

KINDS = ("duration", "active", "waiting")
MEASURES = {"avg": None, "p50": 0.5, "p95": 0.95}
FIELDS = tuple(f"{measure}_{kind}_seconds" for measure in MEASURES for kind in KINDS)


def statistics(jobs: "JobQuerySet") -> list[dict[str, Any]]:
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


def _lasted(jobs: "JobQuerySet") -> "QuerySet[Job, tuple[Any, ...]]":
    return jobs.values_list("pk", "status", _between("created_at", "completed_at"))


def _worked(jobs: "JobQuerySet") -> "QuerySet[PhaseResult, tuple[Any, ...]]":
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
