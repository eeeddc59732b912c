"""The cluster: a parent that forks, reaps and sweeps, and children that work.

Composed of django-q2's own parts. Each child runs its `worker()`, fed straight from
the broker, and its `monitor()` on each finished task. There is no queue between
processes, so a process that dies holds no lock that others need.
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

from jobs import lifecycle
from jobs.engine.maintenance import prune_old, sweep
from jobs.invalidation import invalidate_everything
from jobs.models import Job, Worker
from jobs.models.job import about
from jobs.models.worker import heartbeat_interval
from jobs.webhooks import delivery
from jobs.worker import this_worker
from taxonomy.validation import judge_due

logger = logging.getLogger(__name__)
PR_SET_PDEATHSIG = 1
TICK_SECONDS = 1.0
SCHEDULER_SECONDS = 30.0
PRUNE_SECONDS = 3600.0
JUDGE_SECONDS = 10.0
"""Until more skills are judged, while an upgrade has left some."""
DATABASE_RETRY_SECONDS = 0.5
SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}


class Inbox:
    """Where a child's `worker()` gets its tasks: the broker itself.

    What it is done with is acknowledged by the statement that takes the next task.
    """

    def __init__(self) -> None:
        self.broker = get_broker()
        self.finished: int | None = None
        self.stopping = False
        self.next_beat = 0.0

    def stop(self, *_: Any) -> None:
        self.stopping = True

    def get(self) -> dict[str, Any] | str:
        """The next task; "STOP" when the child shall end. Waits out the database."""
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
                logger.exception("message is not ours message_id=%s", message_id)
                self.broker.fail(message_id)
                continue
            yield {**task, "cluster": self.broker.list_key, "ack_id": message_id}

    def settle(self) -> None:
        """Acknowledge what was finished last, as nothing more will be taken.

        A message that is not acknowledged comes again and finds its job gone on.
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


class Outbox:
    """Where `worker()` puts a finished task: django-q2's monitor records it at once,
    if it failed, and its message is left to the inbox to acknowledge."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox

    def put(self, task: dict[str, Any]) -> None:
        self.inbox.finished = task.pop("ack_id")
        once = iter((task, "STOP"))
        monitor(_Queue(lambda: next(once)), self.inbox.broker)


class _Queue:
    def __init__(self, get: Callable[[], Any]) -> None:
        self.get = get


def work_from(inbox: Inbox) -> None:
    """Task after task, until the inbox says STOP or django-q2 wants a new process."""
    worker(inbox, Outbox(inbox), Value("d", -1), None)
    inbox.settle()


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however it ends."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel was asked
        os._exit(1)


def work(parent: int) -> None:
    """A child's life."""
    inbox = Inbox()
    signal.signal(signal.SIGTERM, inbox.stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    die_with(parent)
    work_from(inbox)
    delivery.courier.finish(settings.SKILLFLEET_WEBHOOK_TIMEOUT.total_seconds())
    this_worker().row.leave()


class Cluster:
    """The parent. `run` returns when a SIGTERM or SIGINT has ended every child."""

    def __init__(self, size: int | None = None) -> None:
        self.size = size or settings.SKILLFLEET_WORKERS
        self.children: dict[int, float] = {}
        self.due = {self._sweep: 0.0, self._schedule: 0.0, self._prune: 0.0}
        self.due[self._judge] = 0.0
        self.stopping = False

    def run(self) -> None:
        import_string(settings.SKILLFLEET_AUTHOR)  # once, and not in every child
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        # A parent that was killed could not do it for its children.
        invalidate_everything()
        try:
            while self.children or not self.stopping:
                self._keep_children()
                self._keep_house()
                self._wait()
                self._reap()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def _wait(self) -> None:
        received = signal.sigtimedwait(SIGNALS, TICK_SECONDS)
        if received and received.si_signo in (signal.SIGTERM, signal.SIGINT):
            again = self.stopping
            self.stopping = True
            logger.info("cluster stops children=%s", len(self.children))
            for pid in self.children:
                os.kill(pid, signal.SIGKILL if again else signal.SIGTERM)

    def _keep_children(self) -> None:
        while not self.stopping and len(self.children) < self.size:
            connections.close_all()  # a connection belongs to one process
            parent = os.getpid()
            pid = os.fork()
            if not pid:
                self._be_child(parent)
            self.children[pid] = time.monotonic()
            logger.info("worker started pid=%s", pid)

    def _be_child(self, parent: int) -> None:
        try:
            work(parent)
        except BaseException:
            logger.exception("worker ends pid=%s", os.getpid())
            os._exit(1)
        os._exit(0)

    def _reap(self) -> None:
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            lived = time.monotonic() - self.children.pop(pid)
            if status:
                logger.error("worker died pid=%s status=%s", pid, status)
                self._mourn(pid)
            if status and not self.stopping:
                time.sleep(max(0.0, 0.2 - lived))  # one that cannot start

    def _mourn(self, pid: int) -> None:
        """The dead cannot clean up: their cache entries, their rows, their jobs."""
        invalidate_everything()
        self._guarded(lambda: bury(pid))

    def _keep_house(self) -> None:
        for chore, due in self.due.items():
            if time.monotonic() >= due and not self.stopping:
                self._guarded(chore)

    def _sweep(self) -> None:
        sweep()
        interval = settings.SKILLFLEET_SWEEP_INTERVAL.total_seconds()
        self.due[self._sweep] = time.monotonic() + interval

    def _schedule(self) -> None:
        scheduler(get_broker())
        self.due[self._schedule] = time.monotonic() + SCHEDULER_SECONDS

    def _prune(self) -> None:
        prune_old()
        self.due[self._prune] = time.monotonic() + PRUNE_SECONDS

    def _judge(self) -> None:
        pause = JUDGE_SECONDS if judge_due() else PRUNE_SECONDS
        self.due[self._judge] = time.monotonic() + pause

    def _guarded(self, chore: Callable[[], object]) -> None:
        """Neither a database that is away nor a fault ends a parent, and with it all
        workers of the host; the chore stays due."""
        try:
            chore()
        except Error as error:
            logger.warning("cluster waits for the database error=%s", error)
            connections.close_all()
        except Exception:
            logger.exception("a chore of the cluster fails")


def bury(pid: int) -> None:
    """Release what a dead process of this host held; its lease need not run out."""
    for dead in Worker.objects.filter(host=settings.HOST_NAME, pid=pid):
        held = Job.objects.live().filter(status="running", worker=dead.label)
        for job in held:
            if lifecycle.release(job, where=held):
                logger.warning("job put back: worker died %s", about(job))
        dead.delete()
