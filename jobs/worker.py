"""Takes a claimed job's row to its phase, and the phase's outcome back to rows."""

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from django.utils import timezone

from jobs import attempts, checkpoint, lifecycle
from jobs.authors.base import Author
from jobs.briefing import context_of, load_author
from jobs.checkpoint import Attempt
from jobs.exceptions import LostFence
from jobs.heartbeat import Heartbeat, end_process
from jobs.logs import about
from jobs.models import Job, Worker
from jobs.models.job import Fence
from jobs.patience import is_away, patiently
from jobs.pipeline.outcome import Outcome
from jobs.pipeline.phases import run
from jobs.reporting import Reporter

logger = logging.getLogger(__name__)


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
                lambda: attempts.give_up_or_retry(job, fence, given_up), "give up"
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
