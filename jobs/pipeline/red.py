"""Phase tdd_red: evals first, and proof that the fleet does not pass them yet."""

from dataclasses import replace

from jobs.pipeline.answers import approved, revision
from jobs.pipeline.assignments import assignment_for
from jobs.pipeline.context import Context
from jobs.pipeline.evaluation import duplicate_in
from jobs.pipeline.outcome import Advance, Ask, Outcome
from jobs.pipeline.state import Evals

KINDS = ("tdd_red",)


def tdd_red(context: Context) -> Outcome:
    evals = context.state.evals
    if evals is None or _is_outdated(context, evals):
        return _write(context)
    if evals.duplicate_of and not approved(context, KINDS, evals.round):
        return _ask(context, evals)
    return Advance(replace(evals, round=context.round), "tdd_green")


def _is_outdated(context: Context, evals: Evals) -> bool:
    known = context.state.understanding
    newer = known is not None and known.round > evals.round
    return newer or revision(context, KINDS, evals.round) is not None


def _write(context: Context) -> Advance:
    evals = context.author.evals(assignment_for(context))
    duplicate = duplicate_in(context, evals)
    evals = replace(evals, duplicate_of=duplicate, round=context.round)
    message = f"{len(evals.positives)} prompts, {len(evals.facts)} facts to hold"
    return Advance(evals, "tdd_red" if duplicate else "tdd_green", message=message)


def _ask(context: Context, evals: Evals) -> Ask:
    prompt = {
        "message": (
            f"The active skill {evals.duplicate_of} already passes these evals: "
            "the new one would be a duplicate. Go on?"
        ),
        "questions": [],
        "duplicate_of": evals.duplicate_of,
        "positives": list(evals.positives),
        "near_misses": list(evals.near_misses),
        "facts": list(evals.facts),
        "revision_hint": context.author.revision_hint,
    }
    return Ask("tdd_red", prompt, revise_to="tdd_red")
