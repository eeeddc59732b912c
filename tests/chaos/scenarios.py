"""The faults of each scenario; the reference jobs have ended before."""

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
from tests.chaos.processes import Service, send_signal

OUTAGE_SECONDS = 20.0
WITHIN = 120.0
MOST_JOBS = 0.8


@dataclass
class Run:
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


def random_faults(run: Run, plan: Plan) -> list[str]:
    """Inject the plan's faults; up to twice as many while most jobs are unfinished."""
    most = int(MOST_JOBS * len(run.people.submissions))
    while run.injector.hits < plan.hits or (
        run.injector.hits < 2 * plan.hits and run.ended() < most
    ):
        run.injector.inject()
        run.show()
        run.injector.rest(run.injector.random.uniform(0.1, 0.8))
    return []


def outage(run: Run, plan: Plan) -> list[str]:
    """Stop the database for 20 seconds while jobs are running."""
    database = run.injector.database
    assert isinstance(database, Postgres)
    begun = run.ended()
    run.wait_until(lambda: run.ended() > begun)
    database.server.stop()
    time.sleep(OUTAGE_SECONDS)
    database.server.start()
    run.injector.done["database away for 20 s"] += 1
    return []


def frozen(run: Run, plan: Plan) -> list[str]:
    """Freeze one cluster in the middle of a phase until the other one has done all
    jobs."""
    traps.arm(run.injector.traps, "in_author", signal.SIGSTOP)
    victims: list[int] = []

    def is_frozen() -> bool:
        if victim := traps.victim_of(run.injector.traps, "in_author"):
            victims.append(victim)
        return bool(victims)

    if not run.wait_until(is_frozen):
        return ["no worker reached the trap"]
    cluster = cluster_of(run.injector.clusters, victims[0])
    pids = cluster.pids()
    began = time.time()
    for pid in pids:
        send_signal(pid, signal.SIGSTOP)
    run.injector.done["freeze whole cluster"] += 1
    everything = len(PLANS) + len(run.people.submissions)
    is_taken_over = run.wait_until(lambda: run.ended() >= everything)
    for pid in pids:
        run.injector.frozen.setdefault(pid, []).append((began, time.time()))
        send_signal(pid, signal.SIGCONT)
    if not is_taken_over:
        return ["the other cluster did not take over all jobs"]
    fence_lost = run.wait_until(lambda: "fence lost" in cluster.log.read_text())
    return (
        [] if fence_lost else ["the thawed worker did not log that it lost its fence"]
    )


def cluster_of(clusters: list[Service], pid: int) -> Service:
    return next(each for each in clusters if pid in each.pids())


def afterwards(plan: Plan, notes: Counter[str]) -> Iterator[str]:
    """Waiting for the database must cost no crash and no second author call."""
    if plan.scenario == "outage":
        for name in ("crashes", "author calls repeated"):
            if notes[name]:
                yield f"{name} through the outage: {notes[name]}"
