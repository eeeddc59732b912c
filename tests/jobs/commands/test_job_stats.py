"""`job_stats`: how many jobs, and how long they took."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.models import Job, PhaseResult

pytestmark = pytest.mark.django_db


def end(job: Job, after: timedelta) -> None:
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(
        status=Job.Status.COMPLETED, created_at=now - after, completed_at=now
    )


def test_the_largest_count_comes_first_with_its_average(run, submit):
    end(submit(), timedelta(seconds=10))
    end(submit(), timedelta(seconds=20))
    submit()

    rows = json.loads(run("job_stats", "--json").stdout)

    assert [(row["status"], row["count"]) for row in rows] == [
        ("completed", 2),
        ("pending", 1),
    ]
    assert rows[0]["avg_duration_seconds"] == pytest.approx(15, abs=0.1)
    assert rows[1]["avg_duration_seconds"] is None


def test_active_seconds_are_those_of_its_phases_and_the_rest_is_waiting(run, submit):
    job = submit()
    end(job, timedelta(seconds=10))
    now = timezone.now()
    PhaseResult.objects.create(
        job=job,
        phase="refine",
        round=1,
        output={},
        started_at=now - timedelta(seconds=4),
        finished_at=now,
    )

    [row] = json.loads(run("job_stats", "--json").stdout)

    assert row["avg_active_seconds"] == pytest.approx(4, abs=0.1)
    assert row["avg_waiting_seconds"] == pytest.approx(6, abs=0.1)


def test_without_json_it_is_a_table(run, submit):
    submit()

    heading, row = run("job_stats").stdout.splitlines()

    assert heading.split()[:3] == ["status", "count", "avg_duration_seconds"]
    assert row.split() == ["pending", "1", *["-"] * 9]


def test_without_jobs_there_is_only_the_heading(run, seeded):
    assert len(run("job_stats").stdout.splitlines()) == 1
    assert json.loads(run("job_stats", "--json").stdout) == []


def test_percentiles_are_those_of_the_ended_jobs(run, submit):
    """By nearest rank: a duration that a job had, not one between two."""
    for seconds in (1, 2, 3, 100):
        end(submit(), timedelta(seconds=seconds))

    [row] = json.loads(run("job_stats", "--json").stdout)

    for kind in ("duration", "waiting"):
        assert row[f"p50_{kind}_seconds"] == 2
        assert row[f"p95_{kind}_seconds"] == 100
    assert row["p95_active_seconds"] == 0
