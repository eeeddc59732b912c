"""Processes on the database of the test, which tests kill."""

import json
import subprocess
import sys
from typing import Any

from tests.processes import ROOT, child_environment

RECORDING_AUTHOR = "tests.jobs.engine.authors.RecordingAuthor"


class ForkServer:
    """A prepared interpreter that forks a worker for each request. A fork of pytest
    itself would inherit locks of its threads."""

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
        """Let one worker process one message; return its wait status (9: it was
        killed)."""
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
