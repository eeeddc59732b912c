"""The statistics of jobs in `/metrics`."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs import lifecycle
from jobs.models import Job, JobEvent, PhaseResult, Worker
from jobs.monitoring import JobsCollector

pytestmark = pytest.mark.django_db


def figures() -> dict[tuple[str, ...], float]:
    return {
        (sample.name.removeprefix("skillfleet_"), *sample.labels.values()): sample.value
        for family in JobsCollector().collect()
        for sample in family.samples
    }


def test_without_jobs_everything_is_zero(seeded):
    assert set(figures().values()) == {0}


def test_queue_outcomes_crashes_and_times_are_told(submit, operator):
    lifecycle.cancel(submit(), by=operator)
    waiting, running = submit(), submit()
    now = timezone.now()
    Job.objects.filter(pk=waiting.pk).update(enqueued_at=now - timedelta(minutes=5))
    JobEvent.objects.filter(job=running).update(at=now - timedelta(seconds=7))
    assert running.claim(Worker.objects.register())
    Job.objects.filter(pk=running.pk).update(
        lease_expires_at=now - timedelta(minutes=1)
    )
    for seconds in (1, 2, 30):
        PhaseResult.objects.create(
            job=running,
            phase="refine",
            round=seconds,
            output={},
            started_at=now - timedelta(seconds=seconds),
            finished_at=now,
        )

    values = figures()

    assert values["jobs_ready",] == 1
    assert 300 <= values["jobs_ready_age_seconds",] < 400
    assert values["jobs_live", "pending"] == values["jobs_live", "running"] == 1
    assert values["jobs_dead",] == 1
    assert sum(n for name, n in values.items() if name[0] == "workers_alive") == 1
    assert values["jobs_last_hour", "cancelled"] == 1
    assert values["phase_run_seconds", "refine", "0.5"] == 2
    assert values["phase_run_seconds", "refine", "0.95"] == 30
    assert 7 <= values["phase_wait_seconds", "refine", "0.95"] < 60
    assert lifecycle.release(Job.objects.get(pk=running.pk))
    assert figures()["jobs_last_hour", "crashed"] == 1
