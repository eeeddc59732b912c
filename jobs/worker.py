"""A worker: claims a job, runs its phase under a heartbeat, and writes the outcome."""

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from types import TracebackType

from django.conf import settings
from django.db import Error, connections
from django.utils import timezone

from jobs import lifecycle
from jobs.authors.base import Author
from jobs.engine import checkpoint, retry
from jobs.engine.checkpoint import Attempt
from jobs.engine.phase_context import context_of, load_author
from jobs.engine.retry import DATABASE_RETRY_SECONDS, is_outage, with_database_retry
from jobs.exceptions import LostFence
from jobs.models import Job, Worker
from jobs.models.job import Fence, log_fields
from jobs.models.worker import heartbeat_interval
from jobs.pipeline.outcome import Outcome
from jobs.pipeline.phases import run

logger = logging.getLogger(__name__)


def end_process() -> None:
    """Exit although a phase hangs; the cluster's parent starts a new worker."""
    os._exit(1)


class Heartbeat:
    """A thread that renews the lease and the worker's row while a phase runs.

    It is a context manager. The thread has its own connection, uses no transaction,
    and tries again while the database does not answer. When the phase passes its time
    limit, the thread releases the job and calls `overrun`, even if the lease is lost: a
    phase that hangs must not block its worker for good.
    """

    def __init__(
        self, job: Job, fence: str, worker: Worker, overrun: Callable[[], None]
    ) -> None:
        self.job = job
        self.fence = fence
        self.worker = worker
        self.overrun = overrun
        self.phase_thread = threading.get_ident()
        self.ended = threading.Event()
        self.deadline = (
            time.monotonic() + settings.SKILLFLEET_PHASE_LIMIT.total_seconds()
        )
        self.thread = threading.Thread(
            target=self._run, name=f"heartbeat {job.pk}", daemon=True
        )

    def __enter__(self) -> "Heartbeat":
        self.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.ended.set()
        self.thread.join()

    def _run(self) -> None:
        wait = heartbeat_interval().total_seconds()
        try:
            while not self.ended.wait(min(wait, self._seconds_left())):
                if self._seconds_left() <= 0:
                    self._stop_phase()
                    return
                self._beat()
        finally:
            connections.close_all()

    def _log_fields(self) -> str:
        return log_fields(self.job, self.fence)

    def _seconds_left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    def _beat(self) -> None:
        while not self.ended.is_set():
            try:
                self.worker.beat()
                self.job.renew_lease(self.fence)
                return
            except Error as error:
                logger.warning(
                    "heartbeat waits for the database %s error=%s",
                    self._log_fields(),
                    error,
                )
                connections.close_all()
                self.ended.wait(DATABASE_RETRY_SECONDS)

    def _stop_phase(self) -> None:
        limit = settings.SKILLFLEET_PHASE_LIMIT.total_seconds()
        reason = f"Phase {self.job.current_phase} ran longer than {limit:g} seconds."
        logger.error("phase limit %s reason=%s", self._log_fields(), reason)
        still_mine = Job.objects.with_fence(self.job.pk, self.fence)
        try:
            lifecycle.release(
                self.job, where=still_mine, reason=reason, stack=self._phase_stack()
            )
        except Error as error:
            logger.warning(
                "not released, the lease will expire %s error=%s",
                self._log_fields(),
                error,
            )
        self.overrun()

    def _phase_stack(self) -> str:
        frame = sys._current_frames().get(self.phase_thread)
        return "".join(traceback.format_stack(frame)) if frame else ""


class ProgressReporter:
    """Saves the progress that an author reports, as long as the fence is valid.

    The start of the phase and the author's first report are saved at once, later ones
    at most once per interval: each is an event and invalidates the job's cache entries.
    """

    def __init__(self, job: Job, fence: str) -> None:
        self.job = job
        self.fence = fence
        self.written = ("", -1)
        self.not_before = 0.0

    def __call__(self, percent: int, message: str) -> None:
        """Save the report. Raises LostFence to end the author's work on a lost job."""
        message = lifecycle.storable(message)
        now = time.monotonic()
        if now < self.not_before or (message, percent) == self.written:
            return
        if not with_database_retry(lambda: self._write(percent, message), "report"):
            raise LostFence
        if self.written[0]:
            interval = settings.SKILLFLEET_PROGRESS_INTERVAL.total_seconds()
            self.not_before = now + interval
        self.written = (message, percent)

    def _write(self, percent: int, message: str) -> bool:
        return self.job.report_progress(self.fence, percent, message)


class SkillJobWorker:
    """Claims jobs and runs their phases, one at a time.

    The heartbeat's thread calls `overrun` when a phase passes its time limit.
    """

    def __init__(
        self,
        author: Author | None = None,
        overrun: Callable[[], None] = end_process,
    ) -> None:
        self.author = author or load_author()
        self.overrun = overrun

    @cached_property
    def row(self) -> Worker:
        """This worker's row among the workers that are alive."""
        return Worker.objects.register()

    def process_job(self, job: Job) -> bool:
        """Advance the job by one phase.

        False: the job was not claimable, or another worker took it over.
        """
        fence = Fence.new()
        if not with_database_retry(lambda: self._claim(job, fence), "claim"):
            logger.info("not claimable job_id=%s", job.pk)
            return False
        with_database_retry(lambda: self._begin(job), "begin")
        try:
            return self._work(job, fence)
        finally:
            with_database_retry(lambda: self.row.set_job(None), "finish")

    def _claim(self, job: Job, fence: Fence) -> bool:
        """Claim the job. A repetition after an unanswered COMMIT returns True, too."""
        if Job.objects.expired().filter(pk=job.pk).exists():
            lifecycle.release(job)
        won = job.claim(self.row, fence) is not None
        return won or Job.objects.with_fence(job.pk, fence).exists()

    def _begin(self, job: Job) -> None:
        job.refresh_from_db()
        self.row.set_job(job.pk)

    def _work(self, job: Job, fence: Fence) -> bool:
        logger.info("phase starts %s round=%s", log_fields(job, fence), job.round)
        with Heartbeat(job, fence, self.row, self.overrun):
            return self._advance(job, fence)

    def _advance(self, job: Job, fence: Fence) -> bool:
        try:
            attempt = with_database_retry(lambda: self._attempt(job, fence), "read")
            return self._checkpoint(attempt, run(attempt.context))
        except LostFence:
            logger.warning("fence lost %s", log_fields(job, fence))
            return False
        except Exception as error:
            if is_outage(error):
                raise  # the lease expires, and another worker repeats the phase
            cause = error
            return with_database_retry(
                lambda: retry.fail_or_retry(job, fence, cause), "fail or retry"
            )

    def _attempt(self, job: Job, fence: Fence) -> Attempt:
        context = context_of(job, self.author, ProgressReporter(job, fence))
        read_skill = context.skill_text
        return Attempt(
            job=job,
            fence=fence,
            context=replace(
                context,
                skill_text=lambda name: with_database_retry(
                    lambda: read_skill(name), "read"
                ),
            ),
            started_at=job.heartbeat_at
            or timezone.now(),  # the claim's, by database time
        )

    def _checkpoint(self, attempt: Attempt, outcome: Outcome) -> bool:
        """Write the outcome; repeat it until the database answers.

        A repetition after a COMMIT with an unknown result is safe: if the outcome was
        applied, the fence is cleared, and the repetition writes nothing.
        """
        applied = with_database_retry(
            lambda: checkpoint.apply(attempt, outcome), "checkpoint"
        )
        fields = log_fields(attempt.job, attempt.fence)
        if applied:
            logger.info("phase ends %s", fields)
        else:
            logger.warning("fence lost %s", fields)
        return applied


_workers = threading.local()
"""The `worker` of each thread, and the `pid` of the process that created it."""


def this_worker(overrun: Callable[[], None] = end_process) -> SkillJobWorker:
    """The worker of this thread in this process; a fork gets its own."""
    if getattr(_workers, "pid", None) != os.getpid():
        _workers.worker = SkillJobWorker(overrun=overrun)
        _workers.pid = os.getpid()
    worker: SkillJobWorker = _workers.worker
    return worker


def process_skill_job(job_id: str) -> bool:
    """The task of a job's message: advance the job by one phase.

    False: the job was pruned, was not claimable, or another worker took it over.
    """
    job = with_database_retry(lambda: Job.objects.filter(pk=job_id).first(), "read")
    return job is not None and this_worker().process_job(job)
