"""The cluster: a parent that forks and reaps workers, and the workers.

It is composed of django-q2's own parts. Each worker process runs its `worker()`, fed
straight from the broker, and its `monitor()` after each task. Processes share no
queue in memory, so a process that dies holds no lock that others need.
"""

import ctypes
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing import Value
from typing import Any

from django.conf import settings
from django.db import Error, connections
from django.utils.module_loading import import_string
from django_q.brokers import get_broker
from django_q.monitor import monitor
from django_q.scheduler import scheduler
from django_q.signing import BadSignature, SignedPackage
from django_q.worker import worker

from jobs.engine.maintenance import (
    Chores,
    guarded,
    prune_chore,
    release_jobs_of_dead_worker,
    revalidation_chore,
    sweep_chore,
)
from jobs.engine.retry import DATABASE_RETRY_SECONDS
from jobs.invalidation import invalidate_everything
from jobs.models.worker import heartbeat_interval
from jobs.webhooks import delivery
from jobs.worker import this_worker

logger = logging.getLogger(__name__)
PR_SET_PDEATHSIG = 1
TICK_SECONDS = 1.0
SCHEDULER_SECONDS = 30.0
SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}


class TaskSource:
    """The queue that `worker()` reads its tasks from: it takes them from the broker.

    The statement that takes the next task also acknowledges the finished one.
    """

    def __init__(self) -> None:
        self.broker = get_broker()
        self.finished: int | None = None
        self.stopping = False
        self.next_beat = 0.0

    def stop(self, *_: Any) -> None:
        self.stopping = True

    def get(self) -> dict[str, Any] | str:
        """The next task, or "STOP" when the worker must end.

        While the database does not answer, it waits and tries again.
        """
        while not self.stopping:
            try:
                self._beat()
                for task in self._take():
                    return task
            except Error as error:
                logger.warning("worker waits for the database error=%s", error)
                connections.close_all()
                time.sleep(DATABASE_RETRY_SECONDS)
        return "STOP"

    def _take(self) -> Iterator[dict[str, Any]]:
        messages = self.broker.exchange(self.finished)
        self.finished = None
        for message_id, package in messages:
            try:
                task = SignedPackage.loads(package)
            except (TypeError, BadSignature):
                logger.exception("message has no valid signature id=%s", message_id)
                self.broker.fail(message_id)
                continue
            yield {**task, "cluster": self.broker.list_key, "ack_id": message_id}

    def acknowledge_last(self) -> None:
        """Acknowledge the last finished task, when no further one will be taken.

        If that fails, the message is delivered again, and its task finds that the job
        is in another phase.
        """
        try:
            if self.finished:
                self.broker.acknowledge(self.finished)
        except Error as error:
            logger.warning("message not acknowledged error=%s", error)

    def _beat(self) -> None:
        if time.monotonic() >= self.next_beat:
            this_worker().row.beat()
            self.next_beat = time.monotonic() + heartbeat_interval().total_seconds()


class TaskSink:
    """The queue that `worker()` writes finished tasks to.

    django-q2's monitor records a failed task at once. The task's message is left for
    the TaskSource to acknowledge.
    """

    def __init__(self, source: TaskSource) -> None:
        self.source = source

    def put(self, task: dict[str, Any]) -> None:
        self.source.finished = task.pop("ack_id")
        tasks = iter((task, "STOP"))
        monitor(_Queue(lambda: next(tasks)), self.source.broker)


class _Queue:
    """A queue that can only be read, which is all that django-q2's monitor needs."""

    def __init__(self, get: Callable[[], Any]) -> None:
        self.get = get


def work_from(source: TaskSource) -> None:
    """Run tasks until the source returns STOP or django-q2 wants a new process."""
    worker(source, TaskSink(source), Value("d", -1), None)
    source.acknowledge_last()


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however it ends."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it had ended before prctl
        os._exit(1)


def run_worker(parent: int) -> None:
    """The main function of a worker process."""
    source = TaskSource()
    signal.signal(signal.SIGTERM, source.stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    die_with_parent(parent)
    work_from(source)
    delivery.delivery_thread.finish(settings.SKILLFLEET_WEBHOOK_TIMEOUT.total_seconds())
    this_worker().row.unregister()


def scheduler_chore() -> float:
    scheduler(get_broker())
    return SCHEDULER_SECONDS


class Cluster:
    """The parent process. `run` returns when a signal has ended every worker."""

    def __init__(self, size: int | None = None) -> None:
        self.size = size or settings.SKILLFLEET_WORKERS
        self.children: dict[int, float] = {}
        self.chores = Chores(
            sweep_chore, scheduler_chore, prune_chore, revalidation_chore
        )
        self.stopping = False

    def run(self) -> None:
        import_string(settings.SKILLFLEET_AUTHOR)  # once, for all children
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        # A former parent may have been killed before it did this for its workers.
        invalidate_everything()
        try:
            while self.children or not self.stopping:
                self._start_workers()
                self.chores.run(lambda: self.stopping)
                self._wait()
                self._reap()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def _wait(self) -> None:
        """Wait for a signal or the next tick; a second SIGTERM kills the workers."""
        received = signal.sigtimedwait(SIGNALS, TICK_SECONDS)
        if received and received.si_signo in (signal.SIGTERM, signal.SIGINT):
            is_second = self.stopping
            self.stopping = True
            logger.info("cluster stops workers=%s", len(self.children))
            for pid in self.children:
                os.kill(pid, signal.SIGKILL if is_second else signal.SIGTERM)

    def _start_workers(self) -> None:
        while not self.stopping and len(self.children) < self.size:
            connections.close_all()  # a connection belongs to one process
            parent = os.getpid()
            pid = os.fork()
            if not pid:
                self._be_worker(parent)
            self.children[pid] = time.monotonic()
            logger.info("worker started pid=%s", pid)

    def _be_worker(self, parent: int) -> None:
        try:
            run_worker(parent)
        except BaseException:
            logger.exception("worker ends pid=%s", os.getpid())
            os._exit(1)
        os._exit(0)

    def _reap(self) -> None:
        """Collect the children that have exited; clean up after those that failed."""
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            lifetime = time.monotonic() - self.children.pop(pid)
            if status:
                logger.error("worker died pid=%s status=%s", pid, status)
                self._on_worker_exit(pid)
            if status and not self.stopping:
                # a worker that dies at once must not be restarted in a busy loop
                time.sleep(max(0.0, 0.2 - lifetime))

    def _on_worker_exit(self, pid: int) -> None:
        """Invalidate the cache and release jobs, which the dead process could not do.

        It may have been killed between a COMMIT and the invalidation after it.
        """
        invalidate_everything()
        guarded(lambda: release_jobs_of_dead_worker(pid))
