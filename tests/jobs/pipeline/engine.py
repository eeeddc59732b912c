"""The engine in memory, without a database, and a scripted author."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jobs.authors.base import Assignment, Findings
from jobs.pipeline.context import Answer, Context
from jobs.pipeline.outcome import Advance, Ask, Outcome, Stop
from jobs.pipeline.phases import FIRST_PHASE, PHASES, run
from jobs.pipeline.state import (
    TOPICS,
    Brief,
    Evals,
    Failure,
    Output,
    Question,
    State,
    from_json,
    to_json,
)
from taxonomy.files.gate import File, Files
from taxonomy.skillmd.document import render

DESCRIPTION = "Rotate log files. Use when disks fill up with logs."
BODY = """# Rotate logs

1. Look up which directory has filled up, with `df` and then with `du`.
2. Run `logrotate /etc/logrotate.conf` as root.
3. Look again; old archives may have to go as well."""


def skill(description: str = DESCRIPTION, body: str = BODY) -> Files:
    text = render({"name": "rotate-logs", "description": description}, body)
    return (File("SKILL.md", text.encode()),)


@dataclass
class ScriptedAuthor:
    """Answers with the values that it was made with, and counts its calls."""

    understood: tuple[str, ...] = TOPICS
    drafts: list[Files | None] = field(default_factory=lambda: [skill()])
    evals_of: Evals = field(
        default_factory=lambda: Evals(
            positives=("rotate log files when disks fill up",),
            near_misses=("write a poem about files",),
            facts=("logrotate /etc/logrotate.conf",),
        )
    )
    calls: Counter[str] = field(default_factory=Counter)
    seen: list[Assignment] = field(default_factory=list)
    failures: list[tuple[Failure, ...]] = field(default_factory=list)
    revision_hint: str = "Say it simply."

    def refine(self, assignment: Assignment) -> Brief:
        self._note("refine", assignment)
        return Brief(assignment.task_description, "rotate-logs", "operations")

    def questions(self, assignment: Assignment) -> Findings:
        self._note("questions", assignment)
        missing = [topic for topic in TOPICS if topic not in self.understood]
        return Findings(
            dict.fromkeys(self.understood, "known"),
            tuple(Question(t, f"What of {t}?", topic=t) for t in missing),
        )

    def evals(self, assignment: Assignment) -> Evals:
        self._note("evals", assignment)
        return self.evals_of

    def write(self, assignment: Assignment, evals: Evals) -> Files:
        self._note("write", assignment)
        return self._next() or ()

    def revise(
        self, assignment: Assignment, draft: Files, failures: tuple[Failure, ...]
    ) -> Files | None:
        self._note("revise", assignment)
        self.failures.append(failures)
        return self._next()

    def _note(self, verb: str, assignment: Assignment) -> None:
        self.calls[verb] += 1
        self.seen.append(assignment)

    def _next(self) -> Files | None:
        return self.drafts.pop(0) if self.drafts else None


Reply = Callable[[Ask], Mapping[str, Any]]


def proceed(ask: Ask) -> Mapping[str, Any]:
    return {"action": "proceed"}


@dataclass
class Job:
    """Keeps phases, rounds, outputs and answers as the engine does."""

    context: Context
    outputs: list[Output] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    trail: list[tuple[str, int]] = field(default_factory=list)
    ended: bool = False
    stopped: str = ""

    @classmethod
    def new(cls, author: Any, job_type: str = "skill_creation", **fields: Any) -> "Job":
        fields = {"task_description": "Rotate log files on servers", **fields}
        first = FIRST_PHASE[job_type]
        return cls(Context("job", job_type, first, 1, author=author, **fields))

    @property
    def state(self) -> State:
        return State.of(self.outputs)

    def step(self) -> Outcome:
        outcome = run(self.context)
        self.trail.append((self.context.phase, self.context.round))
        if isinstance(outcome, Advance):
            self._advance(outcome)
        elif isinstance(outcome, Stop):
            self.stopped, self.ended = outcome.reason, True
        else:
            self.asks.append(outcome)
        return outcome

    def _advance(self, outcome: Advance) -> None:
        phase, round = self.context.phase, self.context.round
        assert all((o.phase, o.round) != (phase, round) for o in self.outputs)
        self.outputs.append(from_json(phase, round, to_json(outcome.output)))
        self.ended = outcome.next_phase is None
        order = list(PHASES)
        next_phase = outcome.next_phase or phase
        back = order.index(next_phase) <= order.index(phase)
        draft = self.context.draft if outcome.draft is None else outcome.draft
        self.context = replace(
            self.context,
            phase=next_phase,
            round=round + back,
            state=State.of(self.outputs),
            draft=draft,
        )

    def answer(
        self,
        action: str = "proceed",
        answers: Mapping[str, Any] | None = None,
        feedback: str = "",
    ) -> None:
        ask = self.asks[-1]
        answer = Answer(
            ask.kind,
            self.context.phase,
            self.context.round,
            action,
            dict(answers or {}),
            feedback,
            tuple(ask.prompt.get("questions", ())),
        )
        phase = self.context.phase
        if action == "revise":
            phase = ask.revise_to or phase
        self.context = replace(
            self.context,
            answers=(*self.context.answers, answer),
            phase=phase,
            round=self.context.round + 1,
        )

    def until_asked(self) -> Ask | None:
        """Run until a person is needed or the job has ended."""
        for _ in range(40):
            if isinstance(outcome := self.step(), Ask):
                return outcome
            if self.ended:
                return None
        raise AssertionError(f"The job goes round in circles: {self.trail[-9:]}")

    def run_through(self, reply: Reply = proceed) -> "Job":
        for _ in range(20):
            if (ask := self.until_asked()) is None:
                return self
            self.answer(**reply(ask))
        raise AssertionError("The job asks for ever")

    @property
    def kinds(self) -> list[str]:
        return [ask.kind for ask in self.asks]
