"""An author that takes time and logs every call.

The task of a job names its number and its plan; the plan says which questions it asks.
"""

import json
import os
import random
import re
import time
from pathlib import Path

from jobs.authors.base import Assignment, Findings
from jobs.pipeline.state import Brief, Evals, Failure
from taxonomy.files.gate import File, Files
from tests.chaos.traps import trigger
from tests.jobs.engine.authors import BODY, ScriptedAuthor

TASK = "Chaos job {number} by plan {plan}: restart the billing service."
NUMBERED = re.compile(r"Chaos job (\w+) by plan (\w+)")
PLANS: dict[str, list[str]] = {
    "straight": [],
    "asks": [],
    "confirm": ["confirm"],
    "preview": ["preview"],
    "validate": ["validate"],
}
"""The checkpoints that the jobs of each plan request."""
QUESTIONS = 2
REFERENCE = "reference"
"""The prefix in the numbers of the jobs that run without faults."""
MEAN_SECONDS = 0.02
LONG_SHARE, LONGEST_SECONDS = 0.03, 6.0
"""The share of calls that take longer than a lease, and the seconds that they take."""


class ChaosAuthor(ScriptedAuthor):
    def refine(self, assignment: Assignment) -> Brief:
        number = work("refine", assignment)
        return Brief(assignment.task_description, f"chaos-{number}", "operations")

    def questions(self, assignment: Assignment) -> Findings:
        work("questions", assignment)
        self.asks = QUESTIONS if "by plan asks" in assignment.task_description else 0
        return super().questions(assignment)

    def evals(self, assignment: Assignment) -> Evals:
        work("evals", assignment)
        return super().evals(assignment)

    def write(self, assignment: Assignment, evals: Evals) -> Files:
        number = work("write", assignment)
        top = (
            f'---\nname: "chaos-{number}"\ndescription: "Restarts the billing '
            'service safely. Use when billing hangs."\n---\n\n'
        )
        return (File("SKILL.md", (top + BODY).encode()),)

    def revise(
        self, assignment: Assignment, draft: Files, failures: tuple[Failure, ...]
    ) -> Files | None:
        work("revise", assignment)
        return super().revise(assignment, draft, failures)


def work(verb: str, assignment: Assignment) -> str:
    """Log a call and take its time; return the number of the job."""
    match = NUMBERED.search(assignment.task_description)
    number = match[1] if match else "none"
    call = {"at": time.time(), "pid": os.getpid(), "verb": verb, "job": number}
    line = json.dumps(call) + "\n"
    # One write to a file that is open for appending, so that lines do not mix.
    log = os.open(os.environ["CHAOS_CALLS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, line.encode())
    os.close(log)
    trigger("in_author")
    time.sleep(seconds_of(verb, number))
    return number


def seconds_of(verb: str, number: str) -> float:
    """The same verb and job always take the same long time, if they take one."""
    chance = random.Random(f"{verb} {number}").random()
    if chance < LONG_SHARE and not number.startswith(REFERENCE):
        return min(LONGEST_SECONDS, float(os.environ["SKILLFLEET_JOB_LEASE"]) * 1.4)
    return random.expovariate(1 / MEAN_SECONDS)


def calls_in(log: Path) -> list[dict[str, object]]:
    if not log.exists():
        return []
    return [json.loads(line) for line in log.read_text().splitlines()]
