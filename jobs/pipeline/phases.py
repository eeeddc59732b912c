"""The phases of a job in their order, and the one door to run them."""

from collections.abc import Callable

from jobs.pipeline.context import Context
from jobs.pipeline.green import tdd_green
from jobs.pipeline.outcome import Outcome
from jobs.pipeline.progress import BEGINNINGS, PROGRESS
from jobs.pipeline.red import tdd_red
from jobs.pipeline.refactoring import tdd_refactor
from jobs.pipeline.refining import refine
from jobs.pipeline.understanding import deep_understanding
from jobs.pipeline.validating import validate

PHASES: dict[str, Callable[[Context], Outcome]] = {
    "refine": refine,
    "deep_understanding": deep_understanding,
    "tdd_red": tdd_red,
    "tdd_green": tdd_green,
    "tdd_refactor": tdd_refactor,
    "validate": validate,
}
FIRST_PHASE = {
    "skill_creation": "refine",
    "skill_refinement": "deep_understanding",
}
QUESTION_KINDS = (
    "deep_understanding",
    "clarify",
    "confirm",
    "tdd_red",
    "preview",
    "tdd_green",
    "tdd_refactor",
    "validate",
)
CHECKPOINTS = ("confirm", "preview", "validate")
"""Question kinds that are asked only when the job wants them."""

ACTIONS = ("proceed", "revise", "cancel")


def run(context: Context) -> Outcome:
    """One run of the context's phase; `AuthorError` and bugs pass through."""
    context.report_progress(PROGRESS[context.phase], BEGINNINGS[context.phase])
    return PHASES[context.phase](context)
