"""gunicorn's settings, and hooks that invalidate the cache when a worker is killed.

A worker killed between its COMMIT and the invalidation leaves stale values in the
other workers' memory. The parent counts such abnormal exits in memory that it shares
with all its workers. A worker that reads a count it has not handled invalidates the
whole cache before its next request; a new worker does so before its first. The count
starts at one, in case the previous server was killed. The parent never loads the
project, because a HUP could not reload it there.
"""

import atexit
import os
from mmap import PAGESIZE, mmap
from pathlib import Path
from typing import Any, ClassVar

import environ


class Environment(environ.Env):
    """A copy of os.environ: values of .env in os.environ itself would survive a HUP."""

    ENVIRON: ClassVar = dict(os.environ)


Environment.read_env(Path(__file__).resolve().parent.parent / ".env")
env = Environment()

wsgi_app = "skillfleet.wsgi"
bind = env.str("SKILLFLEET_BIND", default="127.0.0.1:8000")
worker_class = "gthread"
workers = env.int("SKILLFLEET_WEB_WORKERS", default=2)
threads = env.int("SKILLFLEET_WEB_THREADS", default=8)
control_socket_disable = True  # it lies in the home folder, shared by all servers

ABNORMAL_EXITS, HANDLED = range(2)
exits = memoryview(mmap(-1, PAGESIZE)).cast("Q")
exits[ABNORMAL_EXITS] = 1


def pre_fork(server: Any, worker: Any) -> None:
    worker.clean_exit = mmap(-1, PAGESIZE)


def post_fork(server: Any, worker: Any) -> None:
    atexit.register(report_clean_exit, worker)


def report_clean_exit(worker: Any) -> None:
    """Tell the parent that this worker's threads have finished their requests."""
    if os.getpid() == worker.pid:  # a fork of the worker runs this too
        worker.clean_exit[0] = 1


def post_worker_init(worker: Any) -> None:
    from django.core.signals import request_started

    handle_abnormal_exits()
    request_started.connect(handle_abnormal_exits, dispatch_uid="abnormal exits")


def child_exit(server: Any, worker: Any) -> None:
    if not worker.clean_exit[0]:
        exits[ABNORMAL_EXITS] += 1
        server.log.error("worker died pid=%s: the cache is invalidated", worker.pid)
    worker.clean_exit.close()


def handle_abnormal_exits(**_: Any) -> None:
    """Invalidate the whole cache if a worker exited abnormally since the last time."""
    count = exits[ABNORMAL_EXITS]  # read first: a later exit is then handled again
    if exits[HANDLED] != count:
        from cachelayer.transactions import backend

        backend().invalidate_all()
        exits[HANDLED] = count
