"""Faults of the database: restarts, freezes, locks, cut connections."""

import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import psycopg

from tests.chaos.processes import send_signal
from tests.servers.postgres import Server

Later = Callable[[float, Callable[[], None]], None]
Faults = dict[str, Callable[[], bool]]
Span = tuple[float, float]
LOCK_WITHIN = "2s"


class Database(Protocol):
    url: str
    freezes: tuple[Span, Span]
    """Ranges of seconds for a freeze: shorter than a lease, and longer."""

    def faults(self, chance: random.Random, later: Later) -> Faults: ...

    def close(self) -> None: ...


class Postgres:
    def __init__(self, folder: Path, lease: float) -> None:
        # A crash of the server must not lose a commit.
        self.server = Server(folder, synchronous_commit="on")
        self.server.start()
        self.url = self.server.url
        self.freezes = ((0.1, lease), (1.2 * lease, 2.2 * lease))

    def faults(self, chance: random.Random, later: Later) -> Faults:
        return {
            "restart database": lambda: self._restart(chance, signal.SIGINT),
            "crash database": lambda: self._restart(chance, signal.SIGQUIT),
            "freeze database": lambda: self._freeze(chance, later),
            "lock tables": lambda: self._lock(chance, later),
            "cut connections": lambda: self._cut(chance),
        }

    def close(self) -> None:
        for pid in self._pids():
            send_signal(pid, signal.SIGCONT)
        self.server.stop()

    def _restart(self, chance: random.Random, order: signal.Signals) -> bool:
        for pid in self._pids():  # the server may be frozen
            send_signal(pid, signal.SIGCONT)
        self.server.stop(order)
        time.sleep(chance.uniform(0, 3))
        self.server.start()
        return True

    def _pids(self) -> list[int]:
        """The server's main process comes first, so that it starts no others
        meanwhile."""
        assert self.server.process
        pid = self.server.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def _freeze(self, chance: random.Random, later: Later) -> bool:
        pids = self._pids()
        for pid in pids:
            send_signal(pid, signal.SIGSTOP)

        def thaw() -> None:
            for pid in pids:
                send_signal(pid, signal.SIGCONT)

        later(chance.uniform(*self.freezes[0]), thaw)
        return True

    def _lock(self, chance: random.Random, later: Later) -> bool:
        """Lock the table of jobs for a while."""
        try:
            session = psycopg.connect(self.url, connect_timeout=2)
        except psycopg.OperationalError:
            return False
        try:
            session.execute(f"SET lock_timeout = '{LOCK_WITHIN}'")
            session.execute("LOCK TABLE jobs_job IN ACCESS EXCLUSIVE MODE")
        except psycopg.Error:
            session.close()
            return False
        later(chance.uniform(*self.freezes[0]), session.close)
        return True

    def _cut(self, chance: random.Random) -> bool:
        """End half of all connections, whatever they are doing; some have just
        committed."""
        with (
            suppress(psycopg.Error),
            psycopg.connect(self.url, connect_timeout=2, autocommit=True) as session,
        ):
            session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                " AND random() < 0.5"
            )
            return True
        return False


class SQLite:
    def __init__(self, folder: Path, lease: float) -> None:
        # A frozen writer blocks all others, which wait for 20 seconds.
        self.freezes = ((0.1, lease), (1.2 * lease, 2.2 * lease))
        self.path = folder / "chaos.sqlite3"
        self.url = f"sqlite:///{self.path}"

    def faults(self, chance: random.Random, later: Later) -> Faults:
        return {"lock tables": lambda: self._lock(chance, later)}

    def close(self) -> None:
        """The file is removed with the folder."""

    def _lock(self, chance: random.Random, later: Later) -> bool:
        session = sqlite3.connect(self.path, timeout=5, isolation_level=None)
        try:
            session.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            session.close()
            return False
        later(chance.uniform(*self.freezes[0]), session.close)
        return True
