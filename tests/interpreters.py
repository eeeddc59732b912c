"""Python processes that start in half the time, for tests that kill them.

A fork server has imported what needs no settings: libraries, and those packages of ours
that use no Django. Each process is a fork of it. It reads its settings from its own
environment, and goes on as `python -m module` or `python program` would.
"""

import json
import os
import random
import runpy
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NEED_NO_SETTINGS = (
    "csp.middleware",
    "django.contrib.admin.options",
    "django.contrib.postgres.fields",
    "django.contrib.staticfiles.finders",
    "django.core.management",
    "django.db.backends.postgresql.base",
    "django.db.backends.sqlite3.base",
    "django.db.models",
    "django.http",
    "django.template.engine",
    "django.urls",
    "drf_spectacular.utils",
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.gthread",
    "markdown_it",
    "prometheus_client",
    "psutil",
    "redis",
    "rest_framework.serializers",
    "rich.progress",
    "snowballstemmer",
    "strictyaml",
    "whitenoise.middleware",
    "jobs.pipeline.phases",
    "taxonomy.scan.engine",
    "taxonomy.skillmd.report",
)
POLL_SECONDS = 0.01


class Interpreter:
    """A process with the methods of `subprocess.Popen` that tests use.

    It leads a session of its own. arguments: those of Python, as ["-m", "gunicorn"] or
    ["manage.py", "qcluster"]. output: a file that gets its stdout and stderr.
    """

    def __init__(
        self, arguments: list[str], environment: dict[str, str], output: Any
    ) -> None:
        self.returncode: int | None = None
        with Path(os.devnull).open("rb") as empty:
            request = {"start": arguments, "environment": environment}
            self.pid = ask(request, [empty.fileno(), output.fileno(), output.fileno()])

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            self.returncode = ask({"poll": self.pid})
        return self.returncode

    def wait(self, seconds: float) -> int:
        """Raises TimeoutExpired."""
        deadline = time.monotonic() + seconds
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), seconds)
            time.sleep(POLL_SECONDS)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def ask(request: dict[str, Any], files: list[int] | None = None) -> Any:
    """Send a request to the fork server of this process; return its answer."""
    connection = fork_server(os.getpid())
    socket.send_fds(connection, [json.dumps(request).encode()], files or [])
    answer = connection.recv(1 << 16)
    assert answer, "the fork server has ended; its stderr says why"
    return json.loads(answer)


@cache
def fork_server(owner: int) -> socket.socket:
    """The connection to a fork server, which ends when its owner does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen(
            [sys.executable, "-m", "tests.interpreters", str(theirs.fileno())],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        ).returncode = 0  # it is not waited for, so it must not be warned of
    return ours


def serve(connection: socket.socket) -> dict[str, Any] | None:
    """Answer requests until the owner has ended. A forked process returns the request
    that it was forked for."""
    while True:
        message, files, *_ = socket.recv_fds(connection, 1 << 20, 3)
        if not message:
            return None
        request = json.loads(message)
        if "poll" in request:
            answer = exit_code(request["poll"])
        elif not (answer := os.fork()):
            replace_files(files)
            return dict(request)
        for file in files:
            os.close(file)
        connection.send(json.dumps(answer).encode())


def exit_code(pid: int) -> int | None:
    """None: it is running."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def replace_files(files: list[int]) -> None:
    """Have these as stdin, stdout and stderr, and no other file of the server's."""
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.closerange(3, 1 << 10)


def run(arguments: list[str], environment: dict[str, str]) -> None:
    """Go on as a new interpreter with these arguments and this environment would."""
    os.environ.clear()
    os.environ.update(environment)
    random.seed()
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    for library in NEED_NO_SETTINGS:
        import_module(library)
    if request := serve(socket.socket(fileno=int(sys.argv[1]))):
        run(request["start"], request["environment"])
