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
from jobs.engine.retry import is_away, patiently
from jobs.exceptions import LostFence
from jobs.models import Job, Worker
from jobs.models.job import Fence, about
from jobs.models.worker import heartbeat_interval
from jobs.pipeline.outcome import Outcome
from jobs.pipeline.phases import run

logger = logging.getLogger(__name__)
RETRY_SECONDS = 0.5


def end_process() -> None:
    """The way out of a phase that hangs; the cluster's parent makes a new child."""
    os._exit(1)


class Heartbeat:
    """Renews the lease and the worker's row; a context manager around a phase.

    It has a connection of its own and no transaction. While the database is busy it
    tries again. Past the phase limit it records why and calls `overrun`: also when the
    lease is gone, or a phase that hangs would keep its worker from all other jobs.
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
            while not self.ended.wait(min(wait, self._left())):
                if self._left() <= 0:
                    self._give_up()
                    return
                self._beat()
        finally:
            connections.close_all()

    def _about(self) -> str:
        return about(self.job, self.fence)

    def _left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    def _beat(self) -> None:
        while not self.ended.is_set():
            try:
                self.worker.beat()
                self.job.renew_lease(self.fence)
                return
            except Error as error:
                logger.warning("heartbeat waits %s error=%s", self._about(), error)
                connections.close_all()
                self.ended.wait(RETRY_SECONDS)

    def _give_up(self) -> None:
        limit = settings.SKILLFLEET_PHASE_LIMIT.total_seconds()
        reason = f"Phase {self.job.current_phase} ran longer than {limit:g} seconds."
        logger.error("phase limit %s reason=%s", self._about(), reason)
        held = Job.objects.held_by(self.job.pk, self.fence)
        try:
            lifecycle.release(
                self.job, where=held, reason=reason, stack=self._where_it_hangs()
            )
        except Error as error:  # then the lease runs out, and the sweep finds it
            logger.warning("not released %s error=%s", self._about(), error)
        self.overrun()

    def _where_it_hangs(self) -> str:
        frame = sys._current_frames().get(self.phase_thread)
        return "".join(traceback.format_stack(frame)) if frame else ""


class Reporter:
    """How far the phase in hand is, for one holder of one fence.

    The phase's beginning is written, then the author's first words, then no more
    often than the interval: each report is an event, and retires what shows the job.
    """

    def __init__(self, job: Job, fence: str) -> None:
        self.job = job
        self.fence = fence
        self.written = ("", -1)
        self.not_before = 0.0

    def __call__(self, percent: int, message: str) -> None:
        """Raises LostFence, so that an author's work ends where its lease does."""
        message = lifecycle.storable(message)
        now = time.monotonic()
        if now < self.not_before or (message, percent) == self.written:
            return
        if not patiently(lambda: self._write(percent, message), "report"):
            raise LostFence
        if self.written[0]:
            interval = settings.SKILLFLEET_PROGRESS_INTERVAL.total_seconds()
            self.not_before = now + interval
        self.written = (message, percent)

    def _write(self, percent: int, message: str) -> bool:
        return self.job.report_progress(self.fence, percent, message)


class SkillJobWorker:
    """Works on jobs, one phase at a time.

    `overrun` is called by the heartbeat's thread when a phase passes its limit.
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
        """This worker's place among those alive."""
        return Worker.objects.enlist()

    def process_job(self, job: Job) -> bool:
        """Advance the job by one phase.

        False: there was nothing to do, or another worker went on with it.
        """
        fence = Fence.new()
        if not patiently(lambda: self._claim(job, fence), "claim"):
            logger.info("not claimable job_id=%s", job.pk)
            return False
        patiently(lambda: self._pick_up(job), "pick up")
        try:
            return self._work(job, fence)
        finally:
            patiently(lambda: self.row.hold(None), "put down")

    def _claim(self, job: Job, fence: Fence) -> bool:
        """True also for a claim of before, whose COMMIT nobody answered for."""
        if Job.objects.expired().filter(pk=job.pk).exists():
            lifecycle.release(job)
        won = job.claim(self.row, fence) is not None
        return won or Job.objects.held_by(job.pk, fence).exists()

    def _pick_up(self, job: Job) -> None:
        job.refresh_from_db()
        self.row.hold(job.pk)

    def _work(self, job: Job, fence: Fence) -> bool:
        logger.info("phase starts %s round=%s", about(job, fence), job.round)
        with Heartbeat(job, fence, self.row, self.overrun):
            return self._advance(job, fence)

    def _advance(self, job: Job, fence: Fence) -> bool:
        try:
            attempt = patiently(lambda: self._attempt(job, fence), "read")
            return self._checkpoint(attempt, run(attempt.context))
        except LostFence:
            logger.warning("fence lost %s", about(job, fence))
            return False
        except Exception as error:
            if is_away(error):
                raise  # the lease runs out, and the job goes on where it was
            given_up = error
            return patiently(
                lambda: retry.give_up_or_retry(job, fence, given_up), "give up"
            )

    def _attempt(self, job: Job, fence: Fence) -> Attempt:
        context = context_of(job, self.author, Reporter(job, fence))
        read = context.skill_text
        return Attempt(
            job=job,
            fence=fence,
            context=replace(
                context, skill_text=lambda name: patiently(lambda: read(name), "read")
            ),
            started_at=job.heartbeat_at or timezone.now(),  # the claim, by its clock
        )

    def _checkpoint(self, attempt: Attempt, outcome: Outcome) -> bool:
        """Write the outcome, however often the database has to be asked.

        Trying again after a COMMIT with an unknown end is safe: if it was applied,
        the fence is gone, and the second try writes nothing.
        """
        applied = patiently(lambda: checkpoint.apply(attempt, outcome), "checkpoint")
        return self._applied(attempt, applied)

    def _applied(self, attempt: Attempt, applied: bool) -> bool:
        about_it = about(attempt.job, attempt.fence)
        if applied:
            logger.info("phase ends %s", about_it)
        else:
            logger.warning("fence lost %s", about_it)
        return applied


_workers = threading.local()


def this_worker(overrun: Callable[[], None] = end_process) -> SkillJobWorker:
    """The worker of this thread of this process; a fork gets one of its own."""
    known = getattr(_workers, "known", None)
    if known is None or known[0] != os.getpid():
        known = (os.getpid(), SkillJobWorker(overrun=overrun))
        _workers.known = known
    worker: SkillJobWorker = known[1]
    return worker


def process_skill_job(job_id: str) -> bool:
    """Advance the job by one phase; do nothing if it is gone or another worker has it.

    The task of a job's queue message.
    """
    job = patiently(lambda: Job.objects.filter(pk=job_id).first(), "read")
    return job is not None and this_worker().process_job(job)
