"""What must be true at the end: the history of each job is as it is without faults.

One job of each plan runs before any fault. The phase results, questions, events and
author calls of all others are compared with those of that job.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django_q.models import Failure

from jobs.models import Job, Question
from tests.chaos.people import CANCELLED, People, Submission

UNSTEADY = ("claimed", "crashed", "requeued", "progress")
"""Kinds of events whose number may rise with faults."""
DATABASE_TROUBLE = ("OperationalError", "InterfaceError", "AdminShutdown")
SLACK = 3.0
"""Seconds after a thaw in which an outdated call may still begin: its worker learns at
the checkpoint, not before, that it has lost its fence."""

Call = dict[str, Any]
Steps = list[tuple[Any, ...]]


@dataclass
class Trace:
    """Everything that one job has left in the database, and its author calls."""

    job: Job
    calls: list[Call]

    def __post_init__(self) -> None:
        self.results = list(self.job.results.order_by("pk"))
        self.questions = list(self.job.questions.order_by("pk"))
        self.events = list(self.job.history.order_by("seq"))

    @property
    def steps(self) -> Steps:
        return [
            *((r.phase, r.round) for r in self.results),
            *((q.kind, q.phase, q.round, q.status, _action(q)) for q in self.questions),
            *((e.kind, e.phase) for e in self.events if e.kind not in UNSTEADY),
        ]

    def place_of(self, call: Call) -> int:
        """The number of results that the job had when this call began."""
        return bisect_left(
            [r.finished_at.timestamp() for r in self.results], call["at"]
        )


def _action(question: Question) -> str:
    return (question.response or {}).get("action", "")


@dataclass
class Verdict:
    people: People
    reference: People
    """The people whose jobs, one of each plan, ran without faults."""
    calls: list[Call]
    was_frozen: Callable[[object, float, float], bool]

    def __post_init__(self) -> None:
        of_job: dict[str, list[Call]] = defaultdict(list)
        for call in self.calls:
            of_job[str(call["job"])].append(call)
        self.of_job = of_job
        self.outcomes: Counter[str] = Counter()
        self.repeated = 0

    def faults(self) -> Iterator[str]:
        """Every fault, one line each."""
        yield from self.people.strange
        rows = {str(job.pk): job for job in Job.objects.all()}
        submitted = {s.job_id: s for s in self.people.submissions if s.job_id}
        models = {s.job_id for s in self.reference.submissions}
        self.outcomes.update(job.status for job in rows.values())
        if unknown := set(rows) - set(submitted) - models:
            yield f"jobs that nobody submitted, or unknown: {len(unknown)}"
        reference_traces = {
            s.plan: Trace(rows[s.job_id], self.of_job[s.number])
            for s in self.reference.submissions
        }
        for submission in self.people.submissions:
            job = rows.get(submission.job_id)
            if job is None:
                yield f"job {submission.number} lost: no row"
            else:
                trace = Trace(job, self.of_job[submission.number])
                model = reference_traces.get(submission.plan)
                yield from self._faults_of(submission, trace, model)
        yield from self._lost_answers()
        yield from unexpected_failures()

    def _faults_of(
        self, submission: Submission, trace: Trace, model: Trace | None
    ) -> Iterator[str]:
        name = f"job {submission.number} ({submission.plan}, {trace.job.pk})"
        if not trace.job.is_final:
            yield f"{name} lost: {trace.job.status} in {trace.job.current_phase}"
            return
        if trace.job.status == Job.Status.FAILED:
            yield f"{name} failed: {trace.job.error}"
            return
        if [e.seq for e in trace.events] != list(range(1, trace.job.events + 1)):
            yield f"{name}: events with gaps"
        if twice := _doubles((r.phase, r.round) for r in trace.results):
            yield f"{name}: phase results unknown: {twice}"
        if submission.plan == CANCELLED or model is None:
            return
        if trace.steps != model.steps:
            yield f"{name}: steps differ from the model: {_difference(trace, model)}"
            return
        yield from (f"{name}: {each}" for each in self._idle_calls(trace, model))

    def _idle_calls(self, trace: Trace, model: Trace) -> Iterator[str]:
        """Author calls for a result that had been checkpointed before."""
        expected = {model.place_of(call): call["verb"] for call in model.calls}
        self.repeated += max(0, len(trace.calls) - len(expected))
        for call in trace.calls:
            place, verb = trace.place_of(call), call["verb"]
            if expected.get(place) == verb:
                continue
            if not self.was_frozen(call["pid"], call["at"], SLACK):
                yield f"author called for {verb} after its checkpoint (result {place})"

    def _lost_answers(self) -> Iterator[str]:
        taken: dict[tuple[str, int], list[str]] = defaultdict(list)
        sent: dict[tuple[str, int], set[str]] = defaultdict(set)
        for attempt in (*self.reference.attempts, *self.people.attempts):
            key = (attempt.job_id, attempt.round)
            sent[key].add(attempt.token)
            if attempt.status == 200:
                taken[key].append(attempt.token)
        stored = {
            (str(q.job_id), q.round): str((q.response or {}).get("feedback"))
            for q in Question.objects.filter(status=Question.Status.RESPONDED)
        }
        for key, tokens in taken.items():
            if len(tokens) > 1:
                yield f"answer taken twice: {key} {tokens}"
            if stored.get(key) not in tokens:
                yield f"answer lost: {key} {tokens} stored={stored.get(key)}"
        for key, token in stored.items():
            if token not in sent[key]:
                yield f"answer that nobody gave: {key} {token}"


def unexpected_failures() -> Iterator[str]:
    """Tasks that ended with an exception that no fault of the database explains."""
    for failure in Failure.objects.all():
        result = str(failure.result)
        if not any(name in result for name in DATABASE_TROUBLE):
            yield f"task failed: {result.strip().splitlines()[-1]}"


def _doubles(items: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [item for item, n in Counter(items).items() if n > 1]


def _difference(trace: Trace, model: Trace) -> str:
    steps, model_steps = Counter(trace.steps), Counter(model.steps)
    return f"more {list(steps - model_steps)}, fewer {list(model_steps - steps)}"
