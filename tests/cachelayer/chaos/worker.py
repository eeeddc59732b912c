"""One process of a run. Its threads take random steps, and it may be killed."""

import mmap
import os
import random
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from django.db import connection, connections, transaction

from cachelayer import cache_manager
from cachelayer.stamps import Stamps, slot
from tests.cachelayer.chaos.journal import Journal, now
from tests.cachelayer.chaos.latches import Latches
from tests.cachelayer.chaos.readers import READERS, Foreign, computed
from tests.cachelayer.chaos.rows import NUMBERS, State
from tests.cachelayer.chaos.writers import Writer, invalidate_something

THREADS = 3
KEYS = ("/keys/a", "/keys/b")
OFTEN = [*READERS, *4 * ["function", "list", "view"], *2 * ["user view", "nested"]]


@dataclass(frozen=True)
class Plan:
    """What the seed decides. At the steps `kills` of its first thread, a process kills
    itself between a COMMIT and the invalidation."""

    seed: int
    steps: int  # for each thread
    kills: frozenset[int]


class Board:
    """Counters in memory that all processes share: the steps that each thread has
    begun, and how often all threads were told to read all rows (`alarms`)."""

    def __init__(self, processes: int) -> None:
        places = processes * THREADS
        words = memoryview(mmap.mmap(-1, 8 * (places + 1))).cast("Q")
        self.steps, self.alarms = words[:places], words[places:]

    def of(self, process: int) -> int:
        return sum(self.steps[process * THREADS : (process + 1) * THREADS])


class Actor:
    """One thread: it takes random steps and writes a journal."""

    def __init__(
        self, plan: Plan, name: str, index: int, thread: int, folder: Path, log: Journal
    ) -> None:
        self.plan, self.name, self.thread, self.journal = plan, name, thread, log
        self.place = index * THREADS + thread
        self.draw = Random(f"{plan.seed} {name}")
        latches = Latches(folder / "latches")
        self.writer = Writer(name, log, latches, self.draw, self.look)
        self.hands = 0

    def run(self, board: Board) -> None:
        alarms = board.alarms[0]
        while board.steps[self.place] < self.plan.steps:
            step = board.steps[self.place] = board.steps[self.place] + 1
            if self.thread == 0 and step in self.plan.kills:
                board.alarms[0] += 1
                self.look_around()
                self.die()
            if board.alarms[0] != alarms:
                alarms = board.alarms[0]
                self.look_around()
            self.step()

    def look_around(self) -> None:
        """Read all rows before a process is killed, and again after it."""
        for number in NUMBERS:
            self.look("function", number)
        self.look("list", 1)

    def step(self) -> None:
        chance = self.draw.random()
        if chance < 0.81:
            self.look(*self.something())
        elif chance < 0.84:
            with transaction.atomic():
                self.look(*self.something())
        elif chance < 0.88:
            self.writer.transact()
        elif chance < 0.90:
            self.writer.compare_and_set()
        elif chance < 0.92:
            self.writer.alone()
        elif chance < 0.93:
            invalidate_something(self.draw)
        else:
            self.use_key()

    def something(self) -> tuple[str, int]:
        return self.draw.choice(OFTEN), self.draw.choice(NUMBERS)

    def look(
        self, reader: str, number: int, own: dict[int, State] | None = None
    ) -> None:
        """Read by the reader of this name and note the result in the journal. The
        changes of the current transaction (`own`) must be visible."""
        computed.set(False)
        began = now()
        try:
            contents = READERS[reader](number)
        except Foreign as error:
            self.journal.write("wrong", by=self.name, how=reader, text=str(error))
            return
        ended = now()
        for seen in (own or {}).keys() & contents.keys():
            state, content = (own or {})[seen], contents.pop(seen)
            if content != (list(state) if state.token else None):
                text = f"row {seen}: {content} within the transaction that made {state}"
                self.journal.write("wrong", by=self.name, how=reader, text=text)
        self.journal.write(
            "read",
            by=self.name,
            how=reader,
            began=began,
            ended=ended,
            rows=contents,
            hit=not computed.get(),
        )

    def use_key(self) -> None:
        """Read, set or invalidate a key that belongs to no row."""
        key, chance = self.draw.choice(KEYS), self.draw.random()
        self.hands += 1
        began, value = now(), f"{self.name}-{self.hands}"
        if chance < 0.6:
            cached = cache_manager.get(key)
            self.journal.write(
                "got", by=self.name, key=key, value=cached, began=began, ended=now()
            )
            return
        setting = chance < 0.85
        chosen = value if setting else None
        self.journal.write("setting", id=value, key=key, value=chosen, began=began)
        if setting:
            cache_manager.set(key, value)
        else:
            cache_manager.invalidate(key)
        self.journal.write("set", id=value)

    def die(self) -> None:
        """Kill this process: after a COMMIT, after a statement that commits by itself,
        or when half of an invalidation is written (only MemoryCache writes it in two
        steps)."""
        way = self.draw.choice(("commit", "statement", "half"))
        if way == "commit":
            connection.ensure_connection()
            connection._commit = then_die(connection._commit)
            self.writer.transact(fail=False)
        if way == "half":
            Stamps.bump = dies_half_way  # type: ignore[method-assign]
            self.writer.transact(fail=False)
        with connection.execute_wrapper(dies_after_writing):
            while True:
                self.writer.compare_and_set()


def then_die(action: Callable[[], object]) -> Callable[[], None]:
    def act() -> None:
        action()
        os.kill(os.getpid(), signal.SIGKILL)

    return act


def dies_after_writing(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
) -> Any:
    result = execute(sql, params, many, context)
    if sql.startswith("UPDATE"):
        os.kill(os.getpid(), signal.SIGKILL)
    return result


def dies_half_way(stamps: Stamps, tags: Iterable[str]) -> int:
    def places() -> Iterator[int]:
        yield slot(next(iter(tags)))
        os.kill(os.getpid(), signal.SIGKILL)

    return stamps._write(places())


@contextmanager
def short_switch_interval() -> Iterator[None]:
    """Let threads take turns more often than Python usually does."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


def work(plan: Plan, index: int, generation: int, folder: Path, board: Board) -> None:
    """Run all threads of one process to their end."""
    name = f"p{index}g{generation}"
    random.seed(f"{plan.seed} {name}")
    journal = Journal(folder / "journals" / name)

    def run(thread: int) -> None:
        try:
            Actor(plan, f"{name}t{thread}", index, thread, folder, journal).run(board)
        except BaseException:
            journal.write("crash", text=traceback.format_exc())
        finally:
            connections.close_all()

    with short_switch_interval():
        threads = [threading.Thread(target=run, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    journal.close()
