"""`stuck_jobs`: which jobs are dead, which are long, and what the options change."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from jobs.models import Job, Worker
from jobs.worker import SkillJobWorker
from tests.jobs.engine.authors import ScriptedAuthor

pytestmark = pytest.mark.django_db
Run = Callable[..., Any]


def kinds(run: Run, *arguments: str) -> dict[str, str]:
    rows = json.loads(run("stuck_jobs", "--json", *arguments).stdout)
    return {row["job_id"]: row["kind"] for row in rows}


def test_nothing_is_stuck_on_a_quiet_day(run, alive):
    ran = run("stuck_jobs")

    assert ran.code == 0
    assert ran.stdout.split() == [
        "job_id",
        "kind",
        "current_phase",
        "created_at",
        "age",
        "crashes",
        "worker",
    ]


def test_a_dead_young_job_is_dead_and_a_healthy_old_one_long(run, dead, long):
    assert kinds(run) == {str(dead.pk): "dead", str(long.pk): "long"}


def test_a_row_says_who_had_the_job_and_how_often_it_crashed(run, dead):
    Job.objects.filter(pk=dead.pk).update(crashes=1)

    row = json.loads(run("stuck_jobs", "--json").stdout)[0]

    assert row["worker"] == dead.worker
    assert row["crashes"] == 1
    assert row["current_phase"] == "refine"
    assert row["created_at"] == dead.created_at.isoformat()
    assert 299 <= row["age"] < 400


def test_older_than_decides_what_is_long(run, long):
    assert kinds(run, "--older-than", "4h") == {}
    assert kinds(run, "--older-than", "150m") == {str(long.pk): "long"}


@pytest.mark.parametrize("wrong", ["1", "an hour", "-1h", "1w", ""])
def test_a_malformed_time_is_refused(run, wrong):
    ran = run("stuck_jobs", f"--older-than={wrong}")

    assert ran.code and "use 90s, 15m, 1h or 2d" in ran.refusal


def test_a_waiting_job_whose_message_is_lost_is_dead(run, submit, alive):
    job = submit()
    OrmQ.objects.all().delete()
    minutes_ago = timezone.now() - timezone.timedelta(minutes=2)
    Job.objects.update(enqueued_at=minutes_ago, updated_at=minutes_ago)

    assert kinds(run) == {str(job.pk): "dead"}


def test_dead_jobs_make_the_exit_code_1(run, dead, alive):
    ran = run("stuck_jobs")

    assert ran.code == 1
    assert "1 dead job(s)" in ran.refusal
    assert "no worker" not in ran.refusal


def test_a_long_job_alone_is_no_alarm(run, long, alive):
    assert run("stuck_jobs").code == 0


def test_jobs_that_wait_for_nobody_make_the_exit_code_1(run, submit):
    submit()

    ran = run("stuck_jobs")

    assert ran.code == 1
    assert "1 job(s) wait and no worker is alive" in ran.refusal
    assert "manage.py qcluster" in ran.refusal
    assert "dead" not in ran.refusal


def test_waiting_jobs_are_fine_while_a_worker_is_alive(run, submit, alive):
    submit()

    assert run("stuck_jobs").code == 0


def test_an_idle_fleet_needs_no_worker(run, seeded):
    assert run("stuck_jobs").code == 0


def test_requeue_brings_the_dead_job_to_its_end_and_leaves_the_long_one(
    run, dead, long, run_to_end
):
    ran = run("stuck_jobs", "--requeue")

    assert ran.code == 0, ran
    fence = long.fence
    long.refresh_from_db()
    assert (long.status, long.fence) == (Job.Status.RUNNING, fence)
    assert OrmQ.objects.filter(pk=Job.objects.get(pk=dead.pk).message_id).exists()
    job = run_to_end(dead, SkillJobWorker(ScriptedAuthor()))
    assert job.status == Job.Status.COMPLETED


def test_requeue_counts_a_crash_and_gives_up_at_the_limit(run, dead, settings, alive):
    Job.objects.update(crashes=settings.SKILLFLEET_JOB_CRASHES - 1)

    ran = run("stuck_jobs", "--requeue")

    dead.refresh_from_db()
    assert ran.code == 0
    assert dead.status == Job.Status.FAILED
    assert "crash 3 of 3" in dead.error


def test_include_long_takes_a_healthy_lease_away(run, long):
    run("stuck_jobs", "--requeue", "--include-long")

    fence = long.fence
    long.refresh_from_db()
    assert long.lease_expires_at is None
    assert not long.renew_lease(fence)


def test_fail_ends_the_dead_job_and_says_that_an_operator_did(run, dead, long):
    ran = run("stuck_jobs", "--fail")

    dead.refresh_from_db()
    long.refresh_from_db()
    assert ran.code == 0
    assert dead.status == Job.Status.FAILED
    assert "Given up by an operator" in dead.error
    assert long.status == Job.Status.RUNNING


def test_fail_with_include_long_ends_the_long_one_too(run, long):
    run("stuck_jobs", "--fail", "--include-long")

    long.refresh_from_db()
    assert long.status == Job.Status.FAILED


def test_requeue_and_fail_exclude_each_other(run):
    assert "not allowed with" in run("stuck_jobs", "--fail", "--requeue").refusal


def test_a_lease_that_was_renewed_meanwhile_is_not_taken_away(dead):
    from jobs import monitoring

    [stuck_job] = monitoring.stuck(timezone.timedelta(hours=1))
    assert dead.renew_lease(dead.fence)  # the worker was only slow

    assert not monitoring.requeue(stuck_job)
    assert not monitoring.fail(stuck_job)
    dead.refresh_from_db()
    assert (dead.status, dead.crashes) == (Job.Status.RUNNING, 0)


def test_workers_that_fell_silent_are_not_alive(run, submit, alive, settings):
    submit()
    silent = timezone.now() - settings.SKILLFLEET_JOB_LEASE
    Worker.objects.update(heartbeat_at=silent)

    assert run("stuck_jobs").code == 1
