"""SKILLFLEET_JOBS=inline: threads of this process do the cluster's work."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.signals import request_started
from django.utils import timezone

from jobs import apps
from jobs.engine import inline
from jobs.models import Job, Worker
from tests.jobs.engine.authors import ScriptedAuthor

pytestmark = pytest.mark.django_db(transaction=True)
HANGING_AUTHOR = f"{__name__}.HangingAuthor"


class HangingAuthor(ScriptedAuthor):
    """Its first call blocks until the test releases it; all later ones return."""

    released = threading.Event()
    hung = threading.Event()

    def refine(self, assignment):
        if not self.hung.is_set():
            self.hung.set()
            assert self.released.wait(20)
        return super().refine(assignment)


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited for 20 s"
        time.sleep(0.05)


def is_completed(job: Job) -> bool:
    return Job.objects.get(pk=job.pk).status == Job.Status.COMPLETED


def test_a_job_is_brought_to_its_end(inline_jobs, submit):
    job = submit()

    inline.start()

    wait_until(lambda: is_completed(job))


def test_it_counts_as_a_worker_while_it_is_there(inline_jobs):
    inline.start_if_configured()
    wait_until(lambda: Worker.objects.alive().exists())

    inline.stop()

    assert not Worker.objects.exists()


def test_the_queue_mode_starts_no_thread(settings, db):
    settings.SKILLFLEET_JOBS = "queue"
    before = threading.active_count()

    inline.start_if_configured()

    assert threading.active_count() == before


def test_starting_twice_starts_one(inline_jobs):
    inline.start()
    before = threading.active_count()

    inline.start()

    assert threading.active_count() == before


def test_a_request_starts_it_in_a_process_that_was_forked(inline_jobs, client, submit):
    """A forked process does not have the threads of the one that loaded the
    application."""
    job = submit()
    request_started.connect(apps.work_on_jobs, dispatch_uid="jobs inline")
    try:
        client.get("/healthz")
    finally:
        request_started.disconnect(dispatch_uid="jobs inline")

    wait_until(lambda: is_completed(job))


def test_a_job_of_a_killed_process_is_swept_and_continues(
    inline_jobs, submit, settings
):
    job = submit()
    assert job.claim(Worker.objects.register())
    Job.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))

    inline.start()

    wait_until(lambda: is_completed(job))
    assert job.history.filter(kind="crashed").count() == 1


def test_a_phase_over_its_limit_is_abandoned_and_another_thread_goes_on(
    inline_jobs, submit, settings
):
    HangingAuthor.hung.clear()
    HangingAuthor.released.clear()
    settings.SKILLFLEET_AUTHOR = HANGING_AUTHOR
    settings.SKILLFLEET_PHASE_LIMIT = timedelta(seconds=1)
    job = submit()

    inline.start()
    wait_until(HangingAuthor.hung.is_set)
    hanging = inline._supervisor.worker.thread
    try:
        wait_until(lambda: is_completed(job))
    finally:
        HangingAuthor.released.set()
        hanging.join(20)

    crash = job.history.get(kind="crashed")
    assert "ran longer than 1 seconds" in crash.data["reason"]
    assert job.results.filter(phase="refine").count() == 1


def test_stopping_releases_the_current_job(inline_jobs, submit, settings, monkeypatch):
    HangingAuthor.hung.clear()
    HangingAuthor.released.clear()
    settings.SKILLFLEET_AUTHOR = HANGING_AUTHOR
    monkeypatch.setattr(inline, "GRACE_SECONDS", 0.1)
    job = submit()
    inline.start()
    wait_until(HangingAuthor.hung.is_set)
    hanging = inline._supervisor.worker.thread

    inline.stop()

    try:
        job.refresh_from_db()
        assert (job.lease_expires_at, job.crashes) == (None, 1)
        assert not Worker.objects.exists()
    finally:
        HangingAuthor.released.set()
        hanging.join(20)
    inline.start()
    wait_until(lambda: is_completed(job))
