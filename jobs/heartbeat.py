"""A thread that keeps a lease alive while a phase runs, and ends one that hangs."""

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import TracebackType

from django.conf import settings
from django.db import Error, connections

from jobs import lifecycle
from jobs.logs import about
from jobs.models import Job, Worker
from jobs.models.worker import heartbeat_interval

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
