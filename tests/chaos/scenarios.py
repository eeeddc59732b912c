"""The faults of a plan, injected between the reference jobs and the final check."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.chaos import traps
from tests.chaos.audit import Auditor
from tests.chaos.author import PLANS
from tests.chaos.database_faults import Postgres
from tests.chaos.injector import FaultInjector
from tests.chaos.people import People
from tests.chaos.plan import Plan
from tests.chaos.processes import Service, strike

OUTAGE_SECONDS = 20.0
WITHIN = 120.0
MOST = 0.8


@dataclass
class Act:
    injector: FaultInjector
    auditor: Auditor
    people: People
    show: Callable[[], None]

    def wait_until(self, condition: Callable[[], bool]) -> bool:
        give_up = time.monotonic() + WITHIN
        while time.monotonic() < give_up:
            if condition():
                return True
            self.show()
            self.injector.rest(0.05)
        return False

    def ended(self) -> int:
        return self.auditor.counts["completed"] + self.auditor.counts["cancelled"]


def random_faults(act: Act, plan: Plan) -> list[str]:
    """Inject the plan's faults; up to twice as many while most jobs are unfinished."""
    most = int(MOST * len(act.people.submissions))
    while act.injector.hits < plan.hits or (
        act.injector.hits < 2 * plan.hits and act.ended() < most
    ):
        act.injector.inject()
        act.show()
        act.injector.rest(act.injector.random.uniform(0.1, 0.8))
    return []


def outage(act: Act, plan: Plan) -> list[str]:
    """In mid-work the database is stopped, and comes back."""
    database = act.injector.database
    assert isinstance(database, Postgres)
    begun = act.ended()
    act.wait_until(lambda: act.ended() > begun)
    database.server.stop()
    time.sleep(OUTAGE_SECONDS)
    database.server.start()
    act.injector.done["database away for 20 s"] += 1
    return []


def frozen(act: Act, plan: Plan) -> list[str]:
    """One cluster stands still in mid-phase until the other one has taken over."""
    traps.arm(act.injector.traps, "in_author", signal.SIGSTOP)
    fallen: list[int] = []

    def has_fallen() -> bool:
        if victim := traps.victim_of(act.injector.traps, "in_author"):
            fallen.append(victim)
        return bool(fallen)

    if not act.wait_until(has_fallen):
        return ["nobody came by to be frozen"]
    cluster = cluster_of(act.injector.clusters, fallen[0])
    everyone = cluster.everyone()
    began = time.time()
    for pid in everyone:
        strike(pid, signal.SIGSTOP)
    act.injector.done["freeze whole cluster"] += 1
    everything = len(PLANS) + len(act.people.submissions)
    taken_over = act.wait_until(lambda: act.ended() >= everything)
    for pid in everyone:
        act.injector.frozen.setdefault(pid, []).append((began, time.time()))
        strike(pid, signal.SIGCONT)
    if not taken_over:
        return ["the other cluster did not take everything over"]
    lost = act.wait_until(lambda: "fence lost" in cluster.log.read_text())
    return [] if lost else ["the thawed worker does not say that it lost its fence"]


def cluster_of(clusters: list[Service], pid: int) -> Service:
    return next(each for each in clusters if pid in each.everyone())


def afterwards(plan: Plan, notes: Counter[str]) -> Iterator[str]:
    """Sitting out an outage costs no crash and no author's call."""
    if plan.scenario == "outage":
        for name in ("crashes", "author calls repeated"):
            if notes[name]:
                yield f"{name} through the outage: {notes[name]}"
