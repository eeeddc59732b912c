"""Sends the tasks of one contender, and receives their answers."""

import random
import time
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from benchmarks.queueing.answers import Answers
from benchmarks.queueing.contenders import CONTENDERS, sender

CEILING = 30.0
ROW_BATCH = 500


class Sender:
    def __init__(self, name: str, path: str) -> None:
        self.contender = CONTENDERS[name]
        self.answers = Answers(path)
        self._send = sender(name)

    def send(self) -> None:
        self._send(time.monotonic(), self.answers.path)

    def drain(self) -> None:
        self.answers.drain(0.05)

    def warm(self, count: int) -> int:
        """Send tasks until the workers have taken `count`: then all have connected."""
        for _ in range(count):
            self.send()
        for taken in range(count):
            if not self.answers.next(CEILING):
                return taken
        self.answers.drain(0.2)
        return count

    def latencies(self, count: int) -> list[float]:
        """Seconds from before sending to the start of the task, one task at a time."""
        latencies = []
        for _ in range(count):
            time.sleep(
                random.uniform(0.05, 0.35)
            )  # so that tasks are not in step with the polling
            self.send()
            answered = self.answers.next(CEILING)
            if answered is None:
                raise TimeoutError("a task was not taken")
            latencies.append(answered[1] - answered[0])
        return latencies

    def backlog(self, count: int) -> int:
        from django.db import transaction

        for sent in range(0, count, ROW_BATCH):
            with transaction.atomic() if self.contender.undone else nullcontext():
                for _ in range(min(ROW_BATCH, count - sent)):
                    self.send()
        return count

    def watch(self, seconds: float, backlog: int) -> float:
        """Tasks per second that are finished and acknowledged from now on."""
        begun = last = time.monotonic()
        ran = 0
        while ran < backlog and (remaining := begun + seconds - time.monotonic()) > 0:
            if answered := self.answers.next(remaining):
                ran, last = ran + 1, answered[1]
        if not self.contender.undone:
            return ran / ((last if ran == backlog else begun + seconds) - begun)
        while (undone := self.undone()) and time.monotonic() < begun + seconds:
            time.sleep(0.02)
        return (backlog - undone) / (time.monotonic() - begun)

    def undone(self) -> int:
        sql = f"SELECT count(*) FROM {self.contender.undone}"  # noqa: S608 of our table
        (count,) = self._execute(sql)
        return int(count)

    def purge(self) -> None:
        if self.contender.undone:
            self._execute(f"DELETE FROM {self.contender.undone}")  # noqa: S608 as above
        self.answers.drain(0.2)

    def finish(self, count: int) -> None:
        """Add finished tasks."""
        self._execute(self.contender.finished, [count])
        self._execute("ANALYZE")

    def _execute(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...]:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return tuple(cursor.fetchone()) if cursor.description else ()
