"""How long jobs take, by status: averages and percentiles of every job's seconds.

Active seconds are those of phases that ended well; waiting ones are the rest of the
time from submission to the end. Each job's are computed once, in a materialized table
expression; sorted by each, `CUME_DIST` finds the percentiles on both databases.
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
    OuterRef,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

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
    try:
        timed, parameters = _timed(jobs).query.sql_with_params()
    except EmptyResultSet:
        return []
    with connections[jobs.db].cursor() as cursor:
        cursor.execute(_statement(timed), parameters)
        return [_row(*found) for found in cursor.fetchall()]


def _timed(jobs: "JobQuerySet") -> "QuerySet[Job, dict[str, Any]]":
    """Of each job, only its status, and how long it lasted and was worked on."""
    phase = ExpressionWrapper(
        F("finished_at") - F("started_at"), output_field=DurationField()
    )
    worked = (
        PhaseResult.objects.filter(job_id=OuterRef("pk"))
        .order_by()
        .values("job_id")
        .annotate(total=Sum(phase))
        .values("total")
    )
    lasted = ExpressionWrapper(
        F("completed_at") - F("created_at"), output_field=DurationField()
    )
    return jobs.order_by().values(
        "status",
        duration=lasted,
        active=Coalesce(
            Subquery(worked, output_field=DurationField()),
            Value(timedelta(0)),
            output_field=DurationField(),
        ),
    )


def _statement(timed: str) -> str:
    """Rows of a status have all ended, or none has: then every figure is null."""
    ranks = ", ".join(
        f"CUME_DIST() OVER (PARTITION BY status ORDER BY {kind}) AS {kind}_rank"
        for kind in KINDS
    )
    return f"""
        WITH timed (status, duration, active) AS MATERIALIZED ({timed}),
        split AS (
            SELECT status, duration, duration - active AS waiting,
                CASE WHEN duration IS NOT NULL THEN active END AS active FROM timed
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
