"""gunicorn's settings, and what it does for the cache when a worker is killed.

A worker that dies between its COMMIT and the invalidation leaves old values in the
others. The parent counts such deaths on a page of memory that all its workers share;
a worker that finds one unsettled retires everything before its next request, and so
does each new worker before its first. The parent itself never loads the project, which
a HUP would not reload there. It starts with one death, its predecessor's perhaps.
"""

import atexit
import os
from mmap import PAGESIZE, mmap
from pathlib import Path
from typing import Any, ClassVar

import environ


class Environment(environ.Env):
    """The parent's own copy: what it kept of .env would outlive a HUP."""

    ENVIRON: ClassVar = dict(os.environ)


Environment.read_env(Path(__file__).resolve().parent.parent / ".env")
env = Environment()

wsgi_app = "skillfleet.wsgi"
bind = env.str("SKILLFLEET_BIND", default="127.0.0.1:8000")
worker_class = "gthread"
workers = env.int("SKILLFLEET_WEB_WORKERS", default=2)
threads = env.int("SKILLFLEET_WEB_THREADS", default=8)
control_socket_disable = True  # it is in a home folder, one for all servers

DEATHS, SETTLED = range(2)
board = memoryview(mmap(-1, PAGESIZE)).cast("Q")
board[DEATHS] = 1


def pre_fork(server: Any, worker: Any) -> None:
    worker.farewell = mmap(-1, PAGESIZE)


def post_fork(server: Any, worker: Any) -> None:
    atexit.register(say_farewell, worker)


def say_farewell(worker: Any) -> None:
    """The interpreter ends in order: its threads have finished their requests."""
    if os.getpid() == worker.pid:  # and not in a fork of it
        worker.farewell[0] = 1


def post_worker_init(worker: Any) -> None:
    from django.core.signals import request_started

    settle()
    request_started.connect(settle, dispatch_uid="deaths")


def child_exit(server: Any, worker: Any) -> None:
    if not worker.farewell[0]:
        board[DEATHS] += 1
        server.log.error("worker died pid=%s: the cache is retired", worker.pid)
    worker.farewell.close()


def settle(**_: Any) -> None:
    """Retire everything, if a death has not been settled yet."""
    deaths = board[DEATHS]  # before retiring: a later one must be seen again
    if board[SETTLED] != deaths:
        from cachelayer.transactions import backend

        backend().invalidate_all()
        board[SETTLED] = deaths
