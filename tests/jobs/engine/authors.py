"""Scripted authors that count their calls."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cachelayer import transactions
from jobs.authors.base import Assignment, AuthorError, Findings
from jobs.pipeline.state import TOPICS, Brief, Evals, Failure, Question
from taxonomy.files.gate import File, Files
from taxonomy.models import Category

BODY = """# Restart the billing service

## Steps

1. Drain the queue before the restart.
2. Run the restart:

```sh
systemctl restart billing
```
"""
SKILL_MD = """---
name: "restart-billing"
description: "Restarts the billing service safely. Use when billing hangs."
---

"""


class ScriptedAuthor:
    """Writes one fixed skill. `asks` is the number of its questions in the first
    round."""

    revision_hint = "Say what to change."

    def __init__(self, asks: int = 0) -> None:
        self.asks = asks
        self.calls: Counter[str] = Counter()

    def refine(self, assignment: Assignment) -> Brief:
        self.calls["refine"] += 1
        return Brief(assignment.task_description, "restart-billing", "operations")

    def questions(self, assignment: Assignment) -> Findings:
        self.calls["questions"] += 1
        answered = {answer.topic for answer in assignment.answers}
        open_topics = [t for t in TOPICS[: self.asks] if t not in answered]
        understood = {t: "It is known." for t in TOPICS if t not in open_topics}
        return Findings(
            understood,
            tuple(
                Question(id=t, text=f"What about {t}?", topic=t) for t in open_topics
            ),
        )

    def evals(self, assignment: Assignment) -> Evals:
        self.calls["evals"] += 1
        return Evals(
            positives=("billing hangs, restart the billing service",),
            near_misses=("write a poem about spring",),
            facts=("systemctl restart billing",),
        )

    def write(self, assignment: Assignment, evals: Evals) -> Files:
        self.calls["write"] += 1
        return (File("SKILL.md", (SKILL_MD + BODY).encode()),)

    def revise(
        self, assignment: Assignment, draft: Files, failures: tuple[Failure, ...]
    ) -> Files | None:
        self.calls["revise"] += 1
        addition = assignment.feedback[-1] if assignment.feedback else "Mind the queue."
        text = draft[0].content.decode() + f"\n{addition}\n"
        return (File("SKILL.md", text.encode()),)


class RaisingAuthor(ScriptedAuthor):
    def evals(self, assignment: Assignment) -> Evals:
        raise AuthorError("the model is not there", permanent=True)


class BusyAuthor(ScriptedAuthor):
    """Raises `error` in its first `refusals` calls of `evals`, and then succeeds."""

    def __init__(self, refusals: int, error: Exception | None = None) -> None:
        super().__init__()
        self.refusals = refusals
        self.error = error or AuthorError("too many requests")

    def evals(self, assignment: Assignment) -> Evals:
        if self.calls["evals"] < self.refusals:
            self.calls["evals"] += 1
            raise self.error
        return super().evals(assignment)


class ParkedAuthor(ScriptedAuthor):
    """Blocks in `evals` until the test releases it."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = threading.Event()
        self.released = threading.Event()

    def evals(self, assignment: Assignment) -> Evals:
        self.arrived.set()
        assert self.released.wait(20)
        return super().evals(assignment)


class RecordingAuthor(ScriptedAuthor):
    """Appends each call to the file AUTHOR_LOG, which several processes share. In the
    verb AUTHOR_KILL it kills its process."""

    def __getattribute__(self, name: str) -> object:
        if name in ("refine", "questions", "evals", "write", "revise"):
            record(name)
        return super().__getattribute__(name)


def record(verb: str) -> None:
    log = Path(os.environ["AUTHOR_LOG"])
    with log.open("a") as file:
        file.write(f"{verb}\n")
    if os.environ.get("AUTHOR_KILL") == verb:
        os.kill(os.getpid(), signal.SIGKILL)


class GatedAuthor(ScriptedAuthor):
    """Creates the file AUTHOR_GATE in `evals` and waits until the test removes it.
    If the file exists already, because another worker was killed there, it does not
    wait."""

    def evals(self, assignment: Assignment) -> Evals:
        gate = Path(os.environ.get("AUTHOR_GATE", os.devnull))
        if not gate.exists():
            gate.touch()
            deadline = time.monotonic() + 20
            while gate.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
        return super().evals(assignment)


class ChangingAuthor(ScriptedAuthor):
    """Kills its first worker between the COMMIT of a change and the invalidation."""

    def refine(self, assignment: Assignment) -> Brief:
        gate = Path(os.environ["AUTHOR_GATE"])
        if not gate.exists():
            gate.touch()
            die_instead_of_invalidating()
            Category.objects.get(path="data").revise(description="Changed by the dead.")
        return super().refine(assignment)


def die_instead_of_invalidating() -> None:
    def die(tags: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    transactions.invalidate_now = die


class TellingAuthor(ScriptedAuthor):
    """Reports progress five times in `evals`; before the last report it calls
    `aside`."""

    def __init__(self, aside: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.aside = aside

    def evals(self, assignment: Assignment) -> Evals:
        for part in range(5):
            if part == 4:
                self.aside()
            assignment.report(f"Part {part}\0", part / 5)
        return super().evals(assignment)


class StubbornAuthor(ScriptedAuthor):
    """Requires a fact that its draft never has; if `stuck`, it writes no other
    draft."""

    def __init__(self, stuck: bool) -> None:
        super().__init__()
        self.stuck = stuck

    def evals(self, assignment: Assignment) -> Evals:
        return replace(super().evals(assignment), facts=("a fact of no draft",))

    def revise(
        self, assignment: Assignment, draft: Files, failures: tuple[Failure, ...]
    ) -> Files | None:
        return None if self.stuck else super().revise(assignment, draft, failures)
