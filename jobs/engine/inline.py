"""SKILLFLEET_JOBS=inline: the web process works on the jobs itself.

One thread does the work of the cluster's parent, another that of a worker process,
with the same engine: broker, claim, heartbeat, checkpoint. Killing the process is
safe: when the lease of its job expires, any other process recovers the job.
"""

import atexit
import logging
import os
import threading

from django.conf import settings
from django.db import Error, connections

from jobs.engine.cluster import TaskSource, work_from
from jobs.engine.maintenance import (
    Chores,
    prune_chore,
    release_jobs_of_dead_worker,
    revalidation_chore,
    sweep_chore,
)
from jobs.worker import this_worker

logger = logging.getLogger(__name__)
TICK_SECONDS = 0.5
GRACE_SECONDS = 2.0
"""How long the end of the process waits for the running phase."""


class InlineWorker:
    """A thread that runs phases from the queue, until it is stopped or abandoned."""

    def __init__(self) -> None:
        self.source = TaskSource()
        self.thread = threading.Thread(
            target=self._work, name="skill jobs", daemon=True
        )

    @property
    def is_working(self) -> bool:
        return self.thread.is_alive() and not self.source.stopping

    def _work(self) -> None:
        worker = this_worker(overrun=self.abandon)
        try:
            work_from(self.source)
            worker.row.unregister()
        except Exception:
            logger.exception("inline worker ends")  # the supervisor starts a new one
        finally:
            connections.close_all()

    def abandon(self) -> None:
        """Leave the thread of a phase that hangs to itself; it has lost its fence.

        A thread cannot be killed. If the phase ends after all, its outcome is not
        applied, and the thread ends.
        """
        logger.error("inline worker abandoned thread=%s", self.thread.ident)
        self.source.stop()


class Supervisor:
    """A thread that keeps one InlineWorker running, and does the periodic chores."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.worker = InlineWorker()
        self.chores = Chores(sweep_chore, prune_chore, revalidation_chore)
        self.thread = threading.Thread(
            target=self._run, name="skill jobs supervisor", daemon=True
        )

    def start(self) -> None:
        self.worker.thread.start()
        self.thread.start()
        logger.info("inline worker started pid=%s", os.getpid())

    def stop(self) -> None:
        """Take no further task, and wait a moment for the running phase to end."""
        self.stopping.set()
        self.worker.source.stop()
        self.worker.thread.join(GRACE_SECONDS)
        self.thread.join(GRACE_SECONDS)

    def _run(self) -> None:
        try:
            while not self.stopping.is_set():
                if not self.worker.is_working:
                    self.worker = InlineWorker()
                    self.worker.thread.start()
                self.chores.run(self.stopping.is_set)
                self.stopping.wait(TICK_SECONDS)
        finally:
            connections.close_all()


_lock = threading.Lock()
_supervisor: Supervisor | None = None


def start_if_configured() -> None:
    """Have this process work on jobs if the settings say so; once per process."""
    if settings.SKILLFLEET_JOBS == "inline":
        start()


def start() -> None:
    global _supervisor
    with _lock:
        if _supervisor is None:
            _supervisor = Supervisor()
            _supervisor.start()
            atexit.register(stop)


def stop() -> None:
    """Stop the worker of this process, and release the job that it did not finish."""
    global _supervisor
    with _lock:
        supervisor, _supervisor = _supervisor, None
    if supervisor is None:
        return
    supervisor.stop()
    try:
        release_jobs_of_dead_worker(os.getpid())
    except Error as error:
        logger.warning("job not released, its lease will expire error=%s", error)


def _reset_after_fork() -> None:
    """A fork has no threads; it starts its own when it needs them."""
    global _lock, _supervisor
    _lock = threading.Lock()
    _supervisor = None


os.register_at_fork(after_in_child=_reset_after_fork)
