"""SKILLFLEET_JOBS=inline: the web process works on the jobs itself.

One thread does what the cluster's parent does, another what its child does, by the
same engine: broker, claim, heartbeat, checkpoint. Killing the process is safe: what
it held is put back when the lease runs out, by whichever process is there then.
"""

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import Error, connections

from jobs.engine.cluster import JUDGE_SECONDS, PRUNE_SECONDS, Inbox, bury, work_from
from jobs.engine.maintenance import prune_old, sweep
from jobs.worker import this_worker
from taxonomy.validation import judge_due

logger = logging.getLogger(__name__)
TICK_SECONDS = 0.5
GRACE_SECONDS = 2.0
"""How long the end of the process waits for the phase in hand."""


class InlineWorker:
    """A thread that takes phases from the queue, until it is stopped or abandoned."""

    def __init__(self) -> None:
        self.inbox = Inbox()
        self.thread = threading.Thread(
            target=self._work, name="skill jobs", daemon=True
        )

    @property
    def is_working(self) -> bool:
        return self.thread.is_alive() and not self.inbox.stopping

    def _work(self) -> None:
        mine = this_worker(overrun=self.abandon)
        try:
            work_from(self.inbox)
            mine.row.leave()
        except Exception:
            logger.exception("inline worker ends")  # and gets a successor
        finally:
            connections.close_all()

    def abandon(self) -> None:
        """Leave a phase that hangs to itself; its fence is gone already.

        A thread cannot be killed. If the phase comes back, nothing is applied, and
        the thread ends.
        """
        logger.error("inline worker abandoned thread=%s", self.thread.ident)
        self.inbox.stop()


class Supervisor:
    """Keeps one worker going, and sweeps."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.worker = InlineWorker()
        self.next_sweep = self.next_prune = self.next_judging = 0.0
        self.thread = threading.Thread(
            target=self._run, name="skill jobs supervisor", daemon=True
        )

    def start(self) -> None:
        self.worker.thread.start()
        self.thread.start()
        logger.info("inline worker started pid=%s", os.getpid())

    def stop(self) -> None:
        """Take nothing more; what does not end in time is put back by `bury`."""
        self.stopping.set()
        self.worker.inbox.stop()
        self.worker.thread.join(GRACE_SECONDS)
        self.thread.join(GRACE_SECONDS)

    def _run(self) -> None:
        try:
            while not self.stopping.is_set():
                self._keep_house()
                self.stopping.wait(TICK_SECONDS)
        finally:
            connections.close_all()

    def _keep_house(self) -> None:
        if not self.worker.is_working:
            self.worker = InlineWorker()
            self.worker.thread.start()
        if time.monotonic() >= self.next_sweep:
            interval = settings.SKILLFLEET_SWEEP_INTERVAL.total_seconds()
            self.next_sweep = time.monotonic() + interval
            self._guarded(sweep)
        if time.monotonic() >= self.next_prune:
            self.next_prune = time.monotonic() + PRUNE_SECONDS
            self._guarded(prune_old)
        if time.monotonic() >= self.next_judging:
            self.next_judging = time.monotonic() + PRUNE_SECONDS
            self._guarded(self._judge)

    def _judge(self) -> None:
        if judge_due():
            self.next_judging = time.monotonic() + JUDGE_SECONDS

    def _guarded(self, chore: Callable[[], object]) -> None:
        """Nothing that goes wrong here may end the thread that nobody watches."""
        try:
            chore()
        except Error as error:
            logger.warning("inline worker waits for the database error=%s", error)
            connections.close_all()
        except Exception:
            logger.exception("inline chore fails")


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
    """End this process's worker, and put back what it still held."""
    global _supervisor
    with _lock:
        stopped, _supervisor = _supervisor, None
    if stopped is None:
        return
    stopped.stop()
    try:
        bury(os.getpid())
    except Error as error:
        logger.warning("inline worker leaves its lease to run out error=%s", error)


def _forget() -> None:
    """Threads do not live on in a fork, which starts its own when it needs them."""
    global _lock, _supervisor
    _lock = threading.Lock()
    _supervisor = None


os.register_at_fork(after_in_child=_forget)
