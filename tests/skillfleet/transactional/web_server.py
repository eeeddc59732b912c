"""A real gunicorn on the test's database, whose workers a test stops and kills."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.interpreters import Interpreter
from tests.processes import child_environment

CEILING = 20
WSGI = "tests.skillfleet.transactional.dying_wsgi"


class Answer(NamedTuple):
    process: int
    outcome: str
    body: Any


class WebServer:
    """Two workers, each a process with its own copy of cached values."""

    def __init__(
        self, log: Path, *options: str, wsgi: str = WSGI, **environment: str
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = log.open("w")
        address = f"127.0.0.1:{self.port}"
        self.process = Interpreter(
            ["-m", "gunicorn", wsgi, *options, "--bind", address, "--workers", "2"],
            child_environment(**{"SKILLFLEET_PUBLIC_READ": "true", **environment}),
            self.log,
        )
        try:
            self.wait_until_it_serves()
        except BaseException:
            self.close()
            raise

    def wait_until_it_serves(self) -> None:
        self.wait_until(lambda: len(self.workers()) == 2, "no workers")
        self.wait_until(self.answers, "no answer")
        for worker in self.workers():
            with self.alone(worker):
                self.wait_until(self.answers, "no answer")

    def workers(self) -> set[int]:
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return set(map(int, children.split()))

    def wait_until(self, condition: Callable[[], bool], missing: str) -> None:
        deadline = time.monotonic() + CEILING
        while not condition():
            assert time.monotonic() < deadline, missing
            assert self.process.poll() is None, "gunicorn has ended"
            time.sleep(0.02)

    def answers(self) -> bool:
        try:
            return self.get("/healthz").process > 0
        except OSError:
            return False

    @contextmanager
    def alone(self, worker: int) -> Iterator[None]:
        """Within the block, only this worker takes requests."""
        others = self.workers() - {worker}
        for other in others:
            os.kill(other, signal.SIGSTOP)
        try:
            yield
        finally:
            for other in others & self.workers():
                os.kill(other, signal.SIGCONT)

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Raises OSError when the worker is killed during the request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=CEILING)
        sent = json.dumps(body) if body is not None else None
        headers |= {"Connection": "close", "Content-Type": "application/json"}
        try:
            connection.request(method, path, sent, headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        process = int(response.headers["X-Process"])
        return Answer(process, response.headers.get("X-Cache", ""), text)

    def close(self) -> None:
        if self.process.poll() is None:
            for worker in self.workers():
                os.kill(worker, signal.SIGCONT)
            # gunicorn stops at once; no request is being served.
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(CEILING)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(CEILING)
        self.log.close()
