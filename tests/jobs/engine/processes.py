"""Processes on the test's own database, for the tests to kill."""

import json
import subprocess
import sys
from typing import Any

from tests.processes import ROOT, child_environment

RECORDING_AUTHOR = "tests.jobs.engine.authors.RecordingAuthor"


class ForkServer:
    """One interpreter that is ready, and forks a worker for each request.

    Forking from pytest itself would copy its threads' locks.
    """

    def __init__(self, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.engine.fork_server"],
            env=child_environment(SKILLFLEET_AUTHOR=RECORDING_AUTHOR, **environment),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, **request: Any) -> int:
        """Have one worker take one message; its wait status (9: it was killed)."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the fork server has ended; its stderr says why"
        return int(answer)

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()
