"""What happens between the calm before and the calm after: the blows of a plan."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.chaos import traps
from tests.chaos.audit import Auditor
from tests.chaos.author import PLANS
from tests.chaos.people import People
from tests.chaos.plan import Plan
from tests.chaos.processes import Service, strike
from tests.chaos.storm import Storm
from tests.chaos.troubles import Postgres

OUTAGE_SECONDS = 20.0
WITHIN = 120.0
MOST = 0.8


@dataclass
class Act:
    storm: Storm
    auditor: Auditor
    people: People
    show: Callable[[], None]

    def wait_until(self, condition: Callable[[], bool]) -> bool:
        give_up = time.monotonic() + WITHIN
        while time.monotonic() < give_up:
            if condition():
                return True
            self.show()
            self.storm.rest(0.05)
        return False

    def ended(self) -> int:
        return self.auditor.counts["completed"] + self.auditor.counts["cancelled"]


def storm(act: Act, plan: Plan) -> list[str]:
    """So many blows, and up to twice as many while most of the jobs are not done."""
    most = int(MOST * len(act.people.submissions))
    while act.storm.hits < plan.hits or (
        act.storm.hits < 2 * plan.hits and act.ended() < most
    ):
        act.storm.blow()
        act.show()
        act.storm.rest(act.storm.random.uniform(0.1, 0.8))
    return []


def outage(act: Act, plan: Plan) -> list[str]:
    """In mid-work the database is stopped, and comes back."""
    database = act.storm.database
    assert isinstance(database, Postgres)
    begun = act.ended()
    act.wait_until(lambda: act.ended() > begun)
    database.server.stop()
    time.sleep(OUTAGE_SECONDS)
    database.server.start()
    act.storm.done["database away for 20 s"] += 1
    return []


def frozen(act: Act, plan: Plan) -> list[str]:
    """One cluster stands still in mid-phase until the other one has taken over."""
    traps.arm(act.storm.traps, "in_author", signal.SIGSTOP)
    fallen: list[int] = []

    def has_fallen() -> bool:
        if victim := traps.victim_of(act.storm.traps, "in_author"):
            fallen.append(victim)
        return bool(fallen)

    if not act.wait_until(has_fallen):
        return ["nobody came by to be frozen"]
    cluster = cluster_of(act.storm.clusters, fallen[0])
    everyone = cluster.everyone()
    began = time.time()
    for pid in everyone:
        strike(pid, signal.SIGSTOP)
    act.storm.done["freeze whole cluster"] += 1
    everything = len(PLANS) + len(act.people.submissions)
    taken_over = act.wait_until(lambda: act.ended() >= everything)
    for pid in everyone:
        act.storm.frozen.setdefault(pid, []).append((began, time.time()))
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
        for what in ("crashes", "author calls repeated"):
            if notes[what]:
                yield f"{what} through the outage: {notes[what]}"
