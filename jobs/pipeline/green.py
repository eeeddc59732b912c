"""Phase tdd_green: the author writes the draft; the evals run with it."""

from jobs.pipeline.answers import approved, revision
from jobs.pipeline.assignments import assignment_for
from jobs.pipeline.context import Context
from jobs.pipeline.evaluation import failures_of
from jobs.pipeline.outcome import Advance, Ask, Outcome, Stop
from jobs.pipeline.showing import draft_prompt
from jobs.pipeline.state import Drafting, Evals
from taxonomy.files.file import Files, as_files

KINDS = ("tdd_green", "preview")


def tdd_green(context: Context) -> Outcome:
    drafting = context.state.drafting
    evals = context.state.evals or Evals()
    if drafting is None or drafting.round < evals.round:
        return _write(context, evals)
    if answer := revision(context, KINDS, drafting.round):
        return _revise(context, 0, answer.feedback)
    failures = failures_of(context, context.draft)
    if failures and drafting.attempts == 1 and not drafting.stuck:
        return _revise(context, drafting.attempts, "")
    if question := _to_ask(context, drafting):
        return question
    return Advance(
        Drafting(failures, drafting.attempts, drafting.stuck, round=context.round),
        "tdd_refactor",
    )


def _to_ask(context: Context, drafting: Drafting) -> Ask | None:
    kind = "tdd_green" if drafting.stuck else "preview"
    wanted = drafting.stuck or "preview" in context.checkpoints
    if not wanted or approved(context, KINDS, drafting.round):
        return None
    return Ask(kind, draft_prompt(context, MESSAGES[kind]), revise_to="tdd_green")


def _write(context: Context, evals: Evals) -> Outcome:
    draft = as_files(context.author.write(assignment_for(context), evals))
    if not draft:
        return Stop("The author wrote no files")
    if context.job_type == "skill_refinement" and draft == _base(context):
        stuck = Drafting(failures_of(context, draft), stuck=True, round=context.round)
        return Advance(stuck, "tdd_green", draft=draft, message="The author is stuck")
    return _written(context, draft, attempts=1)


def _base(context: Context) -> Files:
    """What a refinement started from, until it has a draft of its own."""
    return context.draft if context.state.drafting is None else ()


def _revise(context: Context, attempts: int, feedback: str) -> Advance:
    """One more try. Without change the author is stuck, and a person is asked."""
    failures = failures_of(context, context.draft)
    draft = context.author.revise(
        assignment_for(context, feedback), context.draft, failures
    )
    if draft is None or as_files(draft) == context.draft:
        stuck = Drafting(failures, attempts, stuck=True, round=context.round)
        return Advance(stuck, "tdd_green", message="The author is stuck")
    return _written(context, as_files(draft), attempts + 1)


def _written(context: Context, draft: Files, attempts: int) -> Advance:
    failures = failures_of(context, draft)
    first_fails = bool(failures) and attempts == 1
    stay = first_fails or "preview" in context.checkpoints
    return Advance(
        Drafting(failures, attempts, round=context.round),
        "tdd_green" if stay else "tdd_refactor",
        draft=draft,
        message=f"{len(draft)} files, {len(failures)} evals fail",
    )


MESSAGES = {
    "preview": "This is the draft. Go on with it?",
    "tdd_green": "The author cannot bring the draft further. Go on with it as it is?",
}
