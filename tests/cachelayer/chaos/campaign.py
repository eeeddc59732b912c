"""A campaign starts processes, kills and reaps them, starts others, and then checks."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from django.db import connections

from cachelayer.transactions import backend
from tests.cachelayer.chaos import rows
from tests.cachelayer.chaos.journal import Journal, events
from tests.cachelayer.chaos.oracle import Result, check
from tests.cachelayer.chaos.worker import THREADS, Board, Plan, work
from tests.cachelayer.forks import fork

PROCESSES = 2
CEILING = 120.0  # seconds that a run may take
GLANCE = 0.001
STEPS_PER_KILL = 250


class Campaign:
    """One run of `steps` steps, divided among the threads. The tables must exist."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int,
        steps: int,
    ) -> None:
        self.folder = folder
        each = max(1, steps // (PROCESSES * THREADS))
        draw = Random(seed)
        kills = max(1, steps // STEPS_PER_KILL // PROCESSES // 2)
        self.plans = [
            Plan(seed, each, frozenset(draw.sample(range(each // 4, each), kills)))
            for _ in range(PROCESSES)
        ]
        last = each * THREADS
        self.kills_at = [
            sorted(draw.sample(range(last // 4, last), kills)) for _ in range(PROCESSES)
        ]
        self.board = Board(PROCESSES)
        self.running: dict[int, int] = {}  # process id by the number of its place
        self.names: dict[int, str] = {}
        self.generation = 0

    def run(self, progress: Callable[[int], None] = lambda steps: None) -> Result:
        for name in ("journals", "latches"):
            (self.folder / name).mkdir(parents=True)
        rows.reset()
        backend().clear()
        self.journal = Journal(self.folder / "journals" / "parent")
        try:
            for place in range(PROCESSES):
                self.start(place)
            self.watch(progress)
        finally:
            for child in self.running.values():
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            self.journal.close()
        return check(events(self.folder / "journals"), rows.stored())

    def start(self, place: int) -> None:
        self.generation += 1
        plan, generation = self.plans[place], self.generation
        connections.close_all()
        self.running[place] = fork(
            lambda: work(plan, place, generation, self.folder, self.board)
        )
        self.names[place] = f"p{place}g{generation}"

    def watch(self, progress: Callable[[int], None]) -> None:
        give_up = time.monotonic() + CEILING
        while self.running:
            for place, child in list(self.running.items()):
                self.check_process(place, child)
            progress(sum(self.board.steps))
            if time.monotonic() > give_up:
                self.journal.write("crash", text="the run did not end in time")
                return
            time.sleep(GLANCE)

    def check_process(self, place: int, child: int) -> None:
        due = self.kills_at[place]
        if due and self.board.of(place) >= due[0]:
            due.pop(0)
            os.kill(child, signal.SIGKILL)
        ended, status = os.waitpid(child, os.WNOHANG)
        if not ended:
            return
        del self.running[place]
        if os.WIFSIGNALED(status):
            self.reap(self.names[place])
            self.start(place)

    def reap(self, process: str) -> None:
        """Invalidate everything and note the database's rows in the journal.

        The rows are read first: what the server commits after that, of a process that
        was killed in its COMMIT, is not covered by this invalidation.
        """
        seen = rows.stored()
        backend().invalidate_all()
        self.journal.write("reaped", process=process, rows=seen)
        self.board.alarms[0] += 1
