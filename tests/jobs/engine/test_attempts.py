"""Authors with temporary faults, which are retried, and with permanent ones."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django_q.models import OrmQ

from jobs import lifecycle
from jobs.engine import queue
from jobs.engine.maintenance import sweep
from jobs.engine.retry import wait_after
from jobs.models import Job
from jobs.worker import SkillJobWorker
from tests.jobs.engine.authors import BusyAuthor
from tests.jobs.engine.conftest import deliver

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def work(job: Job, author: BusyAuthor) -> Job:
    worker = SkillJobWorker(author)
    while worker.process_job(Job.objects.get(pk=job.pk)):
        pass
    return Job.objects.get(pk=job.pk)


def let_time_pass() -> None:
    Job.objects.update(run_after=Now() - HOUR)
    OrmQ.objects.update(lock=Now() - HOUR)


def test_a_temporary_fault_is_retried_when_it_is_due(job: Job) -> None:
    author = BusyAuthor(1)
    job = work(job, author)
    assert (job.status, job.attempts) == (Job.Status.RUNNING, 1)
    assert "too many requests" in job.error_stack
    event = job.history.order_by("seq").last()
    assert event and event.kind == "attempt_failed"
    assert (event.data["attempt"], event.data["of"]) == (1, 5)
    assert event.data["error"] == "AuthorError: too many requests"
    assert 5 <= event.data["wait_seconds"] <= 10
    assert OrmQ.objects.get(pk=job.message_id).lock == job.run_after
    assert not deliver() and queue.depth() == 0

    Job.objects.update(updated_at=Now() - HOUR, enqueued_at=Now() - HOUR)
    assert sweep().requeued == 0, "it waits for its time, not for a sweep"

    let_time_pass()
    job = work(job, author)
    assert job.status == Job.Status.COMPLETED
    assert (job.attempts, job.run_after, job.error_stack) == (0, None, "")
    assert author.calls["refine"] == 1 and author.calls["evals"] == 2


def test_a_message_lost_while_it_waited_is_sent_again_after_its_time(job: Job) -> None:
    work(job, BusyAuthor(1))
    OrmQ.objects.all().delete()
    let_time_pass()
    Job.objects.update(updated_at=Now() - HOUR, enqueued_at=Now() - HOUR)
    assert sweep().requeued == 1
    assert queue.depth() == 1


@pytest.mark.parametrize("error", [ConnectionResetError("cut"), TimeoutError("slow")])
def test_the_last_attempt_fails_the_job_with_its_traceback(
    job: Job, error: Exception, owner: User, settings: Any
) -> None:
    settings.SKILLFLEET_AUTHOR_ATTEMPTS = 3
    author = BusyAuthor(4, error)
    for attempt in (1, 2):
        job = work(job, author)
        assert (job.status, job.attempts) == (Job.Status.RUNNING, attempt)
        let_time_pass()
    job = work(job, author)
    assert job.status == Job.Status.FAILED
    message = f"{type(error).__name__}: {error}"
    assert job.error == f"{message} That was attempt 3 of 3 in this phase."
    assert "Traceback" in job.error_stack and str(error) in job.error_stack
    assert not OrmQ.objects.exists()

    job = work(lifecycle.retry(job, by=owner), author)
    assert job.attempts == 1, "a retry counts anew"


def test_a_bug_is_not_tried_again(job: Job) -> None:
    job = work(job, BusyAuthor(1, KeyError("a typo")))
    assert job.status == Job.Status.FAILED
    assert "KeyError: 'a typo'" in job.error_stack


def test_a_job_that_waits_can_be_cancelled_or_sent_at_once(
    submit: Callable[..., Job], owner: User
) -> None:
    waiting = work(submit(), BusyAuthor(1))
    assert lifecycle.requeue(waiting)
    assert work(waiting, BusyAuthor(0)).status == Job.Status.COMPLETED

    lifecycle.cancel(work(submit(), BusyAuthor(1)), by=owner)
    assert not OrmQ.objects.exists()


def test_waits_double_up_to_a_limit_and_differ(settings: Any) -> None:
    settings.SKILLFLEET_AUTHOR_BACKOFF = timedelta(seconds=8)
    settings.SKILLFLEET_AUTHOR_BACKOFF_LIMIT = timedelta(seconds=60)
    for attempt, longest in ((1, 8), (2, 16), (3, 32), (4, 60), (5, 60), (10**9, 60)):
        waits = [wait_after(attempt).total_seconds() for _ in range(20)]
        assert all(longest / 2 <= wait <= longest for wait in waits)
        assert len(set(waits)) > 1
