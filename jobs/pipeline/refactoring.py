"""Phase tdd_refactor: failures are closed, in rounds that are each kept."""

from dataclasses import replace

from jobs.pipeline.answers import approved, revision
from jobs.pipeline.assignments import assignment_for
from jobs.pipeline.context import Context
from jobs.pipeline.evaluation import failures_of
from jobs.pipeline.outcome import Advance, Ask, Outcome
from jobs.pipeline.showing import draft_prompt
from jobs.pipeline.state import Failure, Refactoring
from taxonomy.files.file import as_files

ROUNDS = 3
MESSAGE = "Evals still fail, or feedback could not be followed. Go on as it is?"


def tdd_refactor(context: Context) -> Outcome:
    past = context.state.refactoring or Refactoring()
    failures = failures_of(context, context.draft)
    if answer := revision(context, ("tdd_refactor", "validate"), past.round):
        fresh = replace(past, attempts=0, stuck=False)
        return _work(context, fresh, failures, answer.feedback)
    if _is_done(context, past, failures):
        done = Refactoring(failures, past.attempts, round=context.round)
        return Advance(done, "validate")
    if past.attempts < ROUNDS and not past.stuck:
        return _work(context, past, failures, "")
    return Ask("tdd_refactor", draft_prompt(context, MESSAGE), "tdd_refactor")


def _is_done(
    context: Context, past: Refactoring, failures: tuple[Failure, ...]
) -> bool:
    drafting = context.state.drafting
    accepted_before = (
        context.state.refactoring is None and drafting is not None and drafting.stuck
    )
    closed = not failures and not past.stuck
    return closed or accepted_before or approved(context, ("tdd_refactor",), past.round)


def _work(
    context: Context,
    past: Refactoring,
    failures: tuple[Failure, ...],
    feedback: str,
) -> Advance:
    draft = context.author.revise(
        assignment_for(context, feedback), context.draft, failures
    )
    if draft is None or as_files(draft) == context.draft:
        stuck = Refactoring(failures, past.attempts, stuck=True, round=context.round)
        return Advance(stuck, "tdd_refactor", message="The author is stuck")
    failures = failures_of(context, as_files(draft))
    return Advance(
        Refactoring(failures, past.attempts + 1, round=context.round),
        "tdd_refactor" if failures else "validate",
        draft=as_files(draft),
        message=f"Round {past.attempts + 1}: {len(failures)} evals fail",
    )
