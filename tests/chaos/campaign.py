"""The campaign of one seed. Set up Django before this module is imported."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from django.db import connection
from django.db.models import Sum
from django_q.models import OrmQ

from jobs.models import Job, JobEvent
from tests.chaos import processes, scenarios
from tests.chaos.audit import Auditor, addressee
from tests.chaos.author import PLANS, REFERENCE, calls_in
from tests.chaos.database_faults import Database
from tests.chaos.injector import FaultInjector
from tests.chaos.people import CANCELLED, People
from tests.chaos.plan import Plan, Report
from tests.chaos.scenarios import Run
from tests.chaos.verdict import Verdict

READY_WITHIN = 120.0
LEFT_WITHIN = 5.0
STUCK_AFTER = 40.0
"""Seconds without any event after which unfinished jobs count as lost."""
Show = Callable[[str], None]


class ReferenceUnfinished(Exception):
    """Jobs do not finish even without faults."""


class Campaign:
    """The clusters, web server, people, auditor and fault injector of one seed."""

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        env: dict[str, str],
        database: Database,
        tokens: list[str],
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.tokens = tokens
        names = ("one", "two") if plan.database == "postgres" else ("one",)
        self.clusters = [processes.cluster(name, 2, env, folder) for name in names]
        self.web, self.port = processes.web(env, folder)
        self.database = database

    def run(self, report: Report, show: Show) -> None:
        injector = FaultInjector(
            random.Random(self.plan.seed),
            self.clusters,
            self.web,
            self.database,
            self.folder / "traps",
        )
        threading.excepthook = lambda ended: report.faults.append(
            f"a thread of this test ended: {ended.exc_value!r}"
        )
        injector.keep_up()
        auditor = Auditor()
        auditor.start()
        show("reference: one job of each plan, without faults")
        try:
            reference = self._reference(injector, auditor)
        except ReferenceUnfinished as error:
            report.faults.append(str(error))
            auditor.stop()
            return
        people = self._people(injector)
        people.start()
        show_progress = partial(self._show, injector, auditor, people, show)
        run = Run(injector, auditor, people, show_progress)
        report.faults += getattr(scenarios, self.plan.scenario)(run, self.plan)
        injector.stop()
        connection.close()  # a fault may have cut the connection
        show("no more faults: waiting for the jobs to end")
        self._wait_for_the_end(injector, auditor, people, show)
        people.stop()
        auditor.stop()
        self._check(report, injector, auditor, people, reference)
        report.faults += scenarios.afterwards(self.plan, report.notes)

    def _reference(self, injector: FaultInjector, auditor: Auditor) -> People:
        plans = [(f"{REFERENCE}{number}", plan) for number, plan in enumerate(PLANS)]
        reference = People(self.port, self.tokens, plans, lambda: len(plans))
        reference.start()
        give_up = time.monotonic() + READY_WITHIN
        while auditor.counts["completed"] < len(plans):
            if time.monotonic() > give_up:
                raise ReferenceUnfinished(
                    f"The reference jobs did not end; see {self.folder}"
                )
            injector.rest(0.2)
        reference.stop()
        return reference

    def _people(self, injector: FaultInjector) -> People:
        """People who submit jobs at the pace of the faults, so that work never runs
        out."""
        plans = [*PLANS, *PLANS, CANCELLED]
        jobs = [(f"{n:04}", plans[n % len(plans)]) for n in range(self.plan.jobs)]
        share = self.plan.jobs / self.plan.hits if self.plan.hits else self.plan.jobs
        return People(
            self.port, self.tokens, jobs, lambda: int((injector.hits + 1) * share) + 2
        )

    def _show(
        self, injector: FaultInjector, auditor: Auditor, people: People, show: Show
    ) -> None:
        counts = auditor.counts
        ended = sum(counts[s] for s in ("completed", "failed", "cancelled"))
        submitted = sum(1 for each in people.submissions if each.job_id)
        faults = sum(map(len, auditor.wrong.values()))
        show(
            f"{injector.hits}/{self.plan.hits} hits  {submitted} submitted  "
            f"{ended} ended  {counts['pending_hitl']} asking  "
            f"{faults} faults  {injector.last}"
        )

    def _wait_for_the_end(
        self, injector: FaultInjector, auditor: Auditor, people: People, show: Show
    ) -> None:
        last, since = -1, time.monotonic()
        while time.monotonic() - since < STUCK_AFTER:
            moves = Job.objects.aggregate(n=Sum("events"))["n"]
            if moves != last:
                last, since = moves, time.monotonic()
            sent = all(each.job_id for each in people.submissions)
            if sent and not Job.objects.live().exists():
                return
            self._show(injector, auditor, people, show)
            injector.rest(0.5)

    def _check(
        self,
        report: Report,
        injector: FaultInjector,
        auditor: Auditor,
        people: People,
        reference: People,
    ) -> None:
        verdict = Verdict(
            people,
            reference,
            calls_in(self.folder / "calls.jsonl"),
            injector.was_frozen,
        )
        report.faults += verdict.faults()
        report.faults += [
            f"{breach}: {len(jobs)}, one of them {min(jobs)}"
            for breach, jobs in auditor.wrong.items()
        ]
        payloads = OrmQ.objects.values_list("payload", flat=True)
        if remaining := sum(1 for each in payloads if addressee(each)):
            report.faults.append(f"messages left when all had ended: {remaining}")
        report.faults += [
            f"orphan of a killed parent: {pid}" for pid in injector.orphans
        ]
        report.done, report.hits = injector.done, injector.hits
        report.outcomes = verdict.outcomes
        report.faults += self._stopped()
        report.notes.update(self._notes(verdict.repeated, auditor, people))

    def _stopped(self) -> Iterator[str]:
        for service in (*self.clusters, self.web):
            if code := service.stop():
                yield f"{service.name} ended with code {code}"
        for pid in processes.wait_until_gone(
            processes.left_behind(self.folder.name), LEFT_WITHIN
        ):
            yield f"process left behind: {pid}"

    def _notes(self, repeated: int, auditor: Auditor, people: People) -> dict[str, int]:
        logs = "".join(
            service.log.read_text(errors="replace") for service in self.clusters
        )
        return {
            "author calls repeated": repeated,
            "fences lost": logs.count("fence lost"),
            "answers sent": len(people.attempts),
            "looks of the auditor": auditor.looks,
            "crashes": JobEvent.objects.filter(kind="crashed").count(),
            "starts": sum(s.starts for s in (*self.clusters, self.web)),
        }

    def clear(self) -> None:
        for service in (*self.clusters, self.web):
            service.destroy()
