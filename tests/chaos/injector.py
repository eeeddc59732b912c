"""The faults that are injected into processes and the database, drawn from a seed."""

import heapq
import itertools
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos import traps
from tests.chaos.database_faults import Database
from tests.chaos.processes import Service, send_signal, wait_until_gone

KILL, STOP, CONT, TERM = (
    signal.SIGKILL,
    signal.SIGSTOP,
    signal.SIGCONT,
    signal.SIGTERM,
)
ORPHANS_GONE_WITHIN = 5.0
TRAPPED_WITHIN = 4.0
GENTLE = ("term worker", "term parent", "cut connections", "lock tables")
"""Faults that do not count as kills and freezes."""
FREQUENT = ("freeze in_author", "freeze in_author", "freeze after_claim")
"""Only the fence protects against these, so they are injected more often."""


@dataclass
class FaultInjector:
    """Call `inject` repeatedly from the main thread, and `stop` at the end."""

    random: random.Random
    clusters: list[Service]
    web: Service
    database: Database
    traps: Path
    done: Counter[str] = field(default_factory=Counter)
    frozen: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    orphans: list[int] = field(default_factory=list)
    last: str = ""

    def __post_init__(self) -> None:
        self.later: list[tuple[float, int, Callable[[], None]]] = []
        self.order = itertools.count()
        self.bag: list[str] = []
        self.kinds: dict[str, Callable[[], bool]] = {
            "kill worker": lambda: self._signal_worker(KILL),
            "freeze worker": lambda: self._signal_worker(STOP),
            "term worker": lambda: self._signal_worker(TERM),
            "kill parent": self._kill_parent,
            "freeze parent": lambda: self._freeze([self._cluster().pid]),
            "term parent": lambda: send_signal(self._cluster().pid, TERM),
            "kill group": self._kill_group,
            "freeze group": lambda: self._freeze(self._cluster().pids()),
            "kill web worker": lambda: self._signal_web(KILL),
            "freeze web worker": lambda: self._signal_web(STOP),
            "kill web": self._kill_web,
            **{
                f"{name} {point}": self._trap(point, sent)
                for point in (*traps.WORKER_POINTS, *traps.WEB_POINTS)
                for name, sent in (("kill", KILL), ("freeze", STOP))
            },
            **self.database.faults(self.random, self._after),
        }

    @property
    def hits(self) -> int:
        """Kills and freezes so far."""
        return sum(n for kind, n in self.done.items() if kind not in GENTLE)

    def inject(self) -> None:
        """Inject the next fault. Each kind comes once before any kind comes twice."""
        self.keep_up()
        if not self.bag:
            self.bag = [*self.kinds, *FREQUENT]
            self.random.shuffle(self.bag)
        kind = self.bag.pop()
        if self.kinds[kind]():
            self.done[kind] += 1
            self.last = kind

    def keep_up(self) -> None:
        """Do what is due (thaw, unlock), and start every service that has ended."""
        while self.later and self.later[0][0] <= time.monotonic():
            heapq.heappop(self.later)[2]()
        for service in (*self.clusters, self.web):
            service.keep_up()

    def rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (remaining := until - time.monotonic()) > 0:
            time.sleep(min(0.1, remaining))
            self.keep_up()

    def stop(self) -> None:
        """Continue every frozen process and restart what has ended."""
        for point in (*traps.WORKER_POINTS, *traps.WEB_POINTS):
            traps.disarm(self.traps, point)
        while self.later:
            heapq.heappop(self.later)[2]()
        self.keep_up()

    def was_frozen(self, pid: object, at: float, slack: float) -> bool:
        """Whether this process was frozen at this time or `slack` seconds before."""
        times = self.frozen.get(int(str(pid)), ())
        return any(began <= at <= ended + slack for began, ended in times)

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        due = time.monotonic() + seconds
        heapq.heappush(self.later, (due, next(self.order), act))

    def _cluster(self) -> Service:
        return self.random.choice(self.clusters)

    def _signal_worker(self, sent: signal.Signals) -> bool:
        children = self._cluster().children()
        return bool(children) and self._signal(self.random.choice(children), sent)

    def _signal_web(self, sent: signal.Signals) -> bool:
        children = self.web.children()
        return bool(children) and self._signal(self.random.choice(children), sent)

    def _signal(self, pid: int, sent: signal.Signals) -> bool:
        return self._freeze([pid]) if sent == STOP else send_signal(pid, sent)

    def _freeze(self, pids: list[int]) -> bool:
        """Freeze these processes; half of the freezes last longer than a lease."""
        stopped = [pid for pid in pids if send_signal(pid, STOP)]
        self._thaw_later(stopped)
        return bool(stopped)

    def _thaw_later(self, pids: list[int]) -> None:
        within, beyond = self.database.freezes
        seconds = self.random.uniform(*self.random.choice((within, beyond)))
        began = time.time()

        def thaw() -> None:
            for pid in pids:
                self.frozen.setdefault(pid, []).append((began, time.time()))
                send_signal(pid, CONT)

        self._after(seconds, thaw)

    def _kill_parent(self) -> bool:
        """Kill a parent; the kernel must end its children with it."""
        service = self._cluster()
        children = service.children()
        killed = send_signal(service.pid, KILL)
        self.orphans += wait_until_gone(children, ORPHANS_GONE_WITHIN)
        return killed

    def _kill_group(self) -> bool:
        self._cluster().destroy()
        return True

    def _kill_web(self) -> bool:
        self.web.destroy()
        return True

    def _trap(self, point: str, sent: signal.Signals) -> Callable[[], bool]:
        """A fault that hits the next process that passes this point."""

        def wait_for_a_victim() -> bool:
            traps.arm(self.traps, point, sent)
            until = time.monotonic() + TRAPPED_WITHIN
            while time.monotonic() < until:
                if victim := traps.victim_of(self.traps, point):
                    if sent == STOP:
                        self._thaw_later([victim])
                    return True
                self.rest(0.02)
            traps.disarm(self.traps, point)
            return False

        return wait_for_a_victim
