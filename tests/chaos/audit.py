"""Invariants that are checked all the time while faults are injected.

A running job without a lease has its message in the queue. No job has another message,
and a job that has ended has none. One SELECT reads one state of the database.
"""

import threading
import uuid
from collections import Counter, defaultdict
from typing import Any

from django.db import Error, connection
from django_q.signing import SignedPackage

from jobs.engine.queue import TASK

PAUSE = 0.03
STATE = """
SELECT 'message', CAST(id AS {text}), payload, NULL, 0 FROM django_q_ormq
UNION ALL
SELECT 'job', CAST(job_id AS {text}), status, CAST(message_id AS {text}),
    CASE WHEN lease_expires_at IS NULL THEN 1 ELSE 0 END
FROM jobs_job
"""
FINAL = ("completed", "failed", "cancelled")


class Auditor:
    """A thread that checks the invariants. `counts` has the jobs by status as it saw
    them last; `wrong` has every job that ever broke an invariant."""

    def __init__(self) -> None:
        self.wrong: dict[str, set[str]] = defaultdict(set)
        self.counts: Counter[str] = Counter()
        self.looks = 0
        self.addressed: dict[str, str] = {}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.ended.set()
        self.thread.join(20)

    def _run(self) -> None:
        while not self.ended.wait(PAUSE):
            try:
                self._look()
            except Error:  # an injected fault of the database
                connection.close()
        connection.close()

    def _look(self) -> None:
        kind = "text" if connection.vendor == "postgresql" else "TEXT"
        with connection.cursor() as cursor:
            cursor.execute(STATE.format(text=kind))
            rows = cursor.fetchall()
        addressed = {
            row[1]: self._addressee(row) for row in rows if row[0] == "message"
        }
        messages = {message: job for message, job in addressed.items() if job}
        jobs = {str(uuid.UUID(row[1])): row[2:] for row in rows if row[0] == "job"}
        self.counts = Counter(status for status, *_ in jobs.values())
        self.looks += 1
        self._compare(messages, jobs)

    def _addressee(self, row: Any) -> str:
        """The job that a message is for, "" if it is for none. Each message is decoded
        once."""
        if row[1] not in self.addressed:
            self.addressed[row[1]] = addressee(row[2])
        return self.addressed[row[1]]

    def _compare(self, messages: dict[str, str], jobs: dict[str, Any]) -> None:
        for message, job in messages.items():
            if job not in jobs:
                self.wrong["a message without its job"].add(job)
            elif jobs[job][0] in FINAL:
                self.wrong["a message for an ended job"].add(job)
            elif jobs[job][1] != message:
                self.wrong["a message that its job does not know"].add(job)
        for job, (status, message, free) in jobs.items():
            if status == "running" and free and message not in messages:
                self.wrong["a job that waits without a message"].add(job)


def addressee(payload: str) -> str:
    task = SignedPackage.loads(payload)
    return str(task["args"][0]) if task["func"] == TASK else ""
