"""Processes on the test's own database, for the tests to kill."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

ROOT = Path(__file__).resolve().parents[3]
RECORDING_AUTHOR = "tests.jobs.engine.authors.RecordingAuthor"


def test_database_url() -> str:
    """What a child process must be given as DATABASE_URL."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{name}"))


test_database_url.__test__ = False  # type: ignore[attr-defined]


def child_environment(**more: str) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": test_database_url(),
        "SKILLFLEET_AUTHOR": RECORDING_AUTHOR,
        "PYTHONPATH": str(ROOT),
        **more,
    }


class Nursery:
    """One interpreter that is ready, and forks a worker for each request.

    Forking from pytest itself would copy its threads' locks.
    """

    def __init__(self, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.engine.nursery"],
            env=child_environment(**environment),
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
        assert answer, "the nursery has ended; its stderr says why"
        return int(answer)

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()
