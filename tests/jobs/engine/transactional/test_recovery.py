"""What requeues a job, how often, and the outcome of an unconfirmed COMMIT."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as project
from django.db import OperationalError
from django.utils import timezone
from django_q.models import OrmQ

from jobs import lifecycle
from jobs.authors.base import Assignment
from jobs.engine import checkpoint
from jobs.engine.maintenance import prune_chore, sweep
from jobs.models import Job
from jobs.pipeline.phases import PHASES
from jobs.pipeline.state import Evals
from jobs.worker import SkillJobWorker
from tests.jobs.engine.authors import ParkedAuthor

pytestmark = pytest.mark.django_db(transaction=True)
Advance = Callable[[Job], Job]


def test_a_job_whose_worker_dies_each_time_fails_with_the_reason(
    job: Job, worker: SkillJobWorker
) -> None:
    for _ in range(project.SKILLFLEET_JOB_CRASHES):
        assert Job.objects.get(pk=job.pk).claim(worker.row)
        Job.objects.update(lease_expires_at=timezone.now() - timedelta(hours=1))
        assert sweep().requeued == 1
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert job.crashes == project.SKILLFLEET_JOB_CRASHES
    assert "died in phase refine" in job.error
    assert not OrmQ.objects.exists()


def test_a_phase_that_ends_well_makes_its_crashes_forgotten(
    job: Job, worker: SkillJobWorker
) -> None:
    assert job.claim(worker.row)
    Job.objects.update(lease_expires_at=timezone.now() - timedelta(hours=1))
    sweep()
    assert worker.process_job(Job.objects.get(pk=job.pk))
    assert Job.objects.get(pk=job.pk).crashes == 0


def test_a_commit_of_unknown_end_neither_fails_nor_repeats_the_phase(
    job: Job,
    worker: SkillJobWorker,
    advance: Advance,
    author: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The connection is cut after the COMMIT, before it was confirmed."""
    real = checkpoint.apply
    cut: list[str] = []

    def apply_and_lose_the_answer(attempt: Any, outcome: Any) -> bool:
        applied = real(attempt, outcome)
        if attempt.context.phase not in cut:
            cut.append(attempt.context.phase)
            raise OperationalError("server closed the connection unexpectedly")
        return applied

    monkeypatch.setattr(checkpoint, "apply", apply_and_lose_the_answer)
    monkeypatch.setattr("jobs.engine.retry.DATABASE_RETRY_SECONDS", 0)
    while not Job.objects.get(pk=job.pk).is_final:
        worker.process_job(Job.objects.get(pk=job.pk))
    assert Job.objects.get(pk=job.pk).status == Job.Status.COMPLETED
    assert cut == list(PHASES)
    assert job.results.count() == len(PHASES)
    assert author.calls["write"] == author.calls["evals"] == 1


def cut_behind(
    owner: Any, verb: str, monkeypatch: pytest.MonkeyPatch, every: int = 2
) -> list[int]:
    """Cut the connection after every other call: it is done, but not confirmed."""
    real = getattr(owner, verb)
    calls: list[int] = []

    def done_but_not_told(*args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs)
        calls.append(len(calls))
        if len(calls) % every:
            raise OperationalError("server closed the connection unexpectedly")
        return result

    monkeypatch.setattr(owner, verb, done_but_not_told)
    monkeypatch.setattr("jobs.engine.retry.DATABASE_RETRY_SECONDS", 0)
    return calls


@pytest.mark.parametrize("verb", ["claim", "report_progress", "refresh_from_db"])
def test_a_connection_that_is_cut_in_a_phase_costs_neither_a_crash_nor_a_call(
    verb: str,
    job: Job,
    worker: SkillJobWorker,
    author: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker finds an unconfirmed claim by its fence."""
    cuts = cut_behind(Job, verb, monkeypatch)
    while not Job.objects.get(pk=job.pk).is_final:
        assert worker.process_job(Job.objects.get(pk=job.pk))
    assert len(cuts) >= len(PHASES)
    assert Job.objects.get(pk=job.pk).status == Job.Status.COMPLETED
    assert not job.history.filter(kind="crashed").exists()
    assert author.calls == Counter(refine=1, questions=1, evals=1, write=1)


def test_a_backlog_is_not_swept_and_a_lost_message_is(
    submit: Callable[..., Job],
) -> None:
    waiting, lost = submit(), submit()
    OrmQ.objects.filter(pk=lost.message_id).delete()
    assert sweep().requeued == 0  # it has been missing for less than a minute
    long_ago = timezone.now() - timedelta(hours=1)
    Job.objects.update(enqueued_at=long_ago, updated_at=long_ago)
    assert sweep().requeued == 1
    lost.refresh_from_db()
    waiting.refresh_from_db()
    assert OrmQ.objects.filter(pk=lost.message_id).exists()
    assert not waiting.history.filter(kind="requeued").exists()


def test_a_lease_that_is_renewed_while_the_sweep_looks_is_left_alone(
    job: Job, worker: SkillJobWorker
) -> None:
    fence = job.claim(worker.row)
    assert fence
    Job.objects.update(lease_expires_at=timezone.now() - timedelta(hours=1))
    seen_as_dead = Job.objects.dead().get()
    assert Job.objects.get(pk=job.pk).renew_lease(fence)
    assert not lifecycle.release(seen_as_dead)
    assert Job.objects.get(pk=job.pk).fence == fence


def test_the_cluster_removes_what_ended_long_ago(
    job: Job, advance: Advance, settings: Any
) -> None:
    advance(job)
    prune_chore()
    assert Job.objects.filter(pk=job.pk).exists()
    long_ago = timezone.now() - timedelta(days=settings.SKILLFLEET_JOBS_KEPT_DAYS + 1)
    Job.objects.update(completed_at=long_ago)
    prune_chore()
    assert not Job.objects.filter(pk=job.pk).exists()


def test_a_phase_that_hangs_leaves_where_it_was(job: Job, settings: Any) -> None:
    author = ParkedAuthor()
    worker = SkillJobWorker(author, overrun=author.released.set)
    assert worker.process_job(job) and worker.process_job(job)
    settings.SKILLFLEET_PHASE_LIMIT = timedelta(seconds=0.2)
    settings.SKILLFLEET_JOB_CRASHES = 1
    assert not worker.process_job(job)
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert "ran longer than 0.2 seconds" in job.error
    assert "in evals" in job.error_stack


def test_a_phase_that_hangs_frees_its_worker_also_when_the_job_was_cancelled(
    job: Job, settings: Any
) -> None:
    class CancelledAuthor(ParkedAuthor):
        def evals(self, assignment: Assignment) -> Evals:
            lifecycle.cancel(Job.objects.get(pk=job.pk), by=job.user)
            return super().evals(assignment)

    author = CancelledAuthor()
    worker = SkillJobWorker(author, overrun=author.released.set)
    assert worker.process_job(job) and worker.process_job(job)
    # With a short lease the heartbeat, which checks the limit, comes often.
    settings.SKILLFLEET_JOB_LEASE = timedelta(seconds=0.2)
    settings.SKILLFLEET_PHASE_LIMIT = timedelta(seconds=1)

    assert not worker.process_job(job)

    assert author.released.is_set()
    assert Job.objects.get(pk=job.pk).status == Job.Status.CANCELLED
