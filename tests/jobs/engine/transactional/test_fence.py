"""Two workers on one job: only the one with the newest fence writes."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import QuerySet
from django.utils import timezone

from jobs import lifecycle
from jobs.models import Job
from jobs.models.job import JobQuerySet
from jobs.pipeline.phases import PHASES
from jobs.worker import SkillJobWorker
from tests.jobs.engine.authors import ParkedAuthor, ScriptedAuthor
from tests.jobs.engine.conftest import drain
from tests.jobs.engine.processes import RECORDING_AUTHOR, ForkServer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("processes"),
]


def expire_lease(job: Job) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    Job.objects.filter(pk=job.pk).update(lease_expires_at=long_ago)


def until(job: Job, phase: str, worker: SkillJobWorker) -> None:
    while Job.objects.get(pk=job.pk).current_phase != phase:
        assert worker.process_job(Job.objects.get(pk=job.pk))


class Overtaken:
    """A worker that stops in `evals` while another one takes its job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.slow, self.other = ParkedAuthor(), ParkedAuthor()
        self.applied: dict[str, bool] = {}
        self.threads = {
            name: threading.Thread(target=self._work, args=(name, author))
            for name, author in (("slow", self.slow), ("other", self.other))
        }

    def _work(self, name: str, author: ParkedAuthor) -> None:
        worker = SkillJobWorker(author)
        try:
            job = Job.objects.get(pk=self.job.pk)
            self.applied[name] = worker.process_job(job)
        finally:
            connections.close_all()

    def run(self) -> dict[str, bool]:
        self.threads["slow"].start()
        assert self.slow.arrived.wait(20)
        expire_lease(self.job)
        self.threads["other"].start()
        assert self.other.arrived.wait(20)
        self.slow.released.set()
        self.threads["slow"].join(20)
        self.other.released.set()
        self.threads["other"].join(20)
        return self.applied


def test_a_worker_that_lost_its_fence_writes_nothing(
    job: Job, worker: SkillJobWorker
) -> None:
    until(job, "tdd_red", worker)
    assert Overtaken(job).run() == {"slow": False, "other": True}
    assert job.results.filter(phase="tdd_red").count() == 1


def test_without_the_fence_the_loser_would_write(
    job: Job, worker: SkillJobWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_any_fence(rows: JobQuerySet, job_id: Any, fence: str) -> QuerySet[Any]:
        return rows.live().filter(pk=job_id, status="running")

    until(job, "tdd_red", worker)
    monkeypatch.setattr(JobQuerySet, "with_fence", with_any_fence)
    assert Overtaken(job).run()["slow"] is True


def test_one_of_two_claims_wins(job: Job, worker: SkillJobWorker) -> None:
    start = threading.Barrier(8)
    fences: list[str | None] = []

    def claim() -> None:
        start.wait(20)
        fences.append(Job.objects.get(pk=job.pk).claim(worker.row))
        connections.close_all()

    assert worker.row
    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len([fence for fence in fences if fence]) == 1
    assert Job.objects.get(pk=job.pk).fence in fences


def test_a_cancelled_job_takes_nothing_from_its_worker(job: Job) -> None:
    author = ParkedAuthor()
    until(job, "tdd_red", SkillJobWorker(ScriptedAuthor()))
    applied: list[bool] = []

    def work() -> None:
        applied.append(SkillJobWorker(author).process_job(job))
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    assert author.arrived.wait(20)
    lifecycle.cancel(Job.objects.get(pk=job.pk), by=job.user)
    author.released.set()
    thread.join(20)
    assert applied == [False]
    assert Job.objects.get(pk=job.pk).status == Job.Status.CANCELLED
    assert not job.results.filter(phase="tdd_red").exists()


@pytest.fixture
def author_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Iterator[Path]:
    log = tmp_path / "author"
    log.touch()
    monkeypatch.setenv("AUTHOR_LOG", str(log))
    settings.SKILLFLEET_AUTHOR = RECORDING_AUTHOR
    yield log


def test_a_worker_frozen_beyond_its_lease_applies_nothing_when_it_thaws(
    submit: Callable[..., Job], author_log: Path
) -> None:
    job = submit()
    fork_server = ForkServer(AUTHOR_LOG=str(author_log))
    try:
        assert fork_server.run() == 0
        status = fork_server.run(point="in_phase", signal_number=signal.SIGSTOP.value)
        assert os.WIFSTOPPED(status)
        expire_lease(job)
        lifecycle.requeue(Job.objects.get(pk=job.pk))
        drain()
        before = list(job.results.values_list("pk", "phase"))
        assert os.waitstatus_to_exitcode(fork_server.run(thaw=True)) == 0
    finally:
        fork_server.close()
    assert list(job.results.values_list("pk", "phase")) == before
    assert [phase for _, phase in before] == list(PHASES)
    calls = Counter(author_log.read_text().split())
    assert (
        calls["questions"] == 2
    )  # the call of the frozen worker, and the one that counts
    assert Job.objects.get(pk=job.pk).status == Job.Status.COMPLETED


@pytest.mark.skipif(connection.vendor == "sqlite", reason="there nothing ends a writer")
def test_a_worker_frozen_in_its_commit_holds_the_jobs_row_for_a_while_only(
    submit: Callable[..., Job], author_log: Path
) -> None:
    """The server ends the idle session, which rolls back and frees its locks."""
    job = submit()
    fork_server = ForkServer(
        AUTHOR_LOG=str(author_log), SKILLFLEET_IDLE_TRANSACTION="1"
    )
    try:
        status = fork_server.run(
            point="before_commit", signal_number=signal.SIGSTOP.value
        )
        assert os.WIFSTOPPED(status)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '20s'")
        expire_lease(job)  # waits for the lock of the row
        lifecycle.requeue(Job.objects.get(pk=job.pk))
        drain()
        before = list(job.results.values_list("pk", "phase"))
        again = fork_server.run(thaw=True)
        assert os.WIFSTOPPED(again)  # its connection was cut, so it retries
        assert os.waitstatus_to_exitcode(fork_server.run(thaw=True)) == 0
    finally:
        fork_server.close()
        connection.close()
    assert [phase for _, phase in before] == list(PHASES)
    assert list(job.results.values_list("pk", "phase")) == before
