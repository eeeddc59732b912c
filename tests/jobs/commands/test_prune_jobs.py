"""`prune_jobs`: what it removes and keeps; it leaves no orphaned rows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs import drafts, lifecycle, promotion
from jobs.engine import maintenance
from jobs.models import Draft, Job, JobEvent, PhaseResult, Question, Source
from jobs.worker import SkillJobWorker
from taxonomy.models import Blob, Bundle, Skill
from tests.jobs.engine.authors import ScriptedAuthor

pytestmark = pytest.mark.django_db
AROUND = (Draft, JobEvent, PhaseResult, Question, Source)


@pytest.fixture
def completed(submit, run_to_end) -> Job:
    """A completed job with a row in every related table."""
    return run_to_end(submit(), SkillJobWorker(ScriptedAuthor(asks=2)))


def end_days_ago(job: Job, days: int) -> None:
    then = timezone.now() - timedelta(days=days)
    Job.objects.filter(pk=job.pk).update(created_at=then, completed_at=then)


def test_an_old_job_is_deleted_with_all_its_rows(run, completed):
    assert all(model.objects.exists() for model in AROUND)
    end_days_ago(completed, 91)

    ran = run("prune_jobs")

    assert ran.stdout.startswith("1 job(s) removed")
    assert not Job.objects.exists()
    assert not any(model.objects.exists() for model in AROUND)


def test_a_job_within_its_time_stays(run, completed):
    end_days_ago(completed, 89)

    run("prune_jobs")

    assert Job.objects.exists()


def test_days_say_how_long_jobs_are_kept(run, completed):
    end_days_ago(completed, 8)

    assert "1 job(s) removed" in run("prune_jobs", "--days", "7")


def test_a_live_job_stays_however_old_it_is(run, submit):
    job = submit()
    Job.objects.update(created_at=timezone.now() - timedelta(days=1000))

    run("prune_jobs", "--days", "0")

    assert Job.objects.get() == job


def test_a_dry_run_counts_and_removes_nothing(run, completed):
    end_days_ago(completed, 91)

    assert "1 job(s) would be removed" in run("prune_jobs", "--dry-run")
    assert Job.objects.exists()


def test_it_deletes_batch_by_batch_until_none_is_left(run, submit, operator):
    for _ in range(5):
        end_days_ago(lifecycle.cancel(submit(), by=operator), 100)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maintenance, "BATCH", 2)
        ran = run("prune_jobs", "--verbosity", "2")

    assert ran.stdout.startswith("2 job(s) so far\n4 job(s) so far\n5 job(s) so far")
    assert not Job.objects.exists()


def test_what_was_promoted_stays_published(run, completed, curator):
    promotion.promote(drafts.draft_of(completed), by=curator)
    end_days_ago(completed, 100)

    run("prune_jobs")

    skill = Skill.objects.get()
    assert skill.current.bundle.file("SKILL.md")


@pytest.mark.parametrize("days", ["-1", "99999999"])
def test_days_out_of_reach_are_refused(run, days):
    assert "--days: from 0" in run("prune_jobs", f"--days={days}").refusal


def test_the_content_of_its_draft_goes_a_day_later(run, completed):
    end_days_ago(completed, 91)
    assert "\n0 bundle(s)" in run("prune_jobs").stdout
    Bundle.objects.update(stored_at=timezone.now() - timedelta(days=2))
    Blob.objects.update(stored_at=timezone.now() - timedelta(days=2))

    assert "\n1 bundle(s)" in run("prune_jobs").stdout

    assert not Bundle.objects.exists()
    assert not Blob.objects.exists()


def test_a_cluster_removes_many_old_jobs_some_at_a_time(submit, monkeypatch):
    monkeypatch.setattr(maintenance, "BATCH", 1)
    monkeypatch.setattr(maintenance, "BATCHES_AT_A_TIME", 2)
    for _ in range(3):
        job = submit()
        lifecycle.cancel(job, by=job.user)
        end_days_ago(job, 91)

    assert [maintenance.prune_old() for _ in range(3)] == [2, 1, 0]
