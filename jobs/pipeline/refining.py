"""Phase refine: the brief in its final words."""

from dataclasses import replace

from jobs.pipeline.assignments import assignment_for
from jobs.pipeline.context import Context
from jobs.pipeline.outcome import Advance, Outcome


def refine(context: Context) -> Outcome:
    brief = context.author.refine(assignment_for(context))
    return Advance(
        replace(brief, round=context.round),
        "deep_understanding",
        message=f"The skill is to be called {brief.name}",
    )
