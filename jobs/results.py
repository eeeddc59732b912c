"""Which columns of a job a phase's output fills, and what a finished job says."""

from dataclasses import asdict, replace
from typing import Any

from jobs.pipeline.assignments import brief_of
from jobs.pipeline.context import Context
from jobs.pipeline.state import PLACES, Brief, Output, State, Verdict


def columns(output: Output) -> dict[str, Any]:
    """The columns of the job's row that repeat this output, for lists and filters."""
    if isinstance(output, Brief):
        return {
            "task_description_refined": output.task_description,
            "intended_taxonomy_path": output.taxonomy_path,
            "skill_name": output.name,
        }
    if isinstance(output, Verdict):
        return {"validation_status": output.status, "validation_score": output.score}
    return {}


def result_of(context: Context, last: Output) -> dict[str, Any]:
    """The job's `result`: what was written, how it tested, what nobody answered."""
    latest: dict[str, Any] = {PLACES[last.phase]: last}
    state: State = replace(context.state, **latest)
    found: dict[str, Any] = {"unanswered": list(state.unanswered)}
    if brief := brief_of(context):
        found |= {"name": brief.name, "taxonomy_path": brief.taxonomy_path}
    if state.evals:
        found["evals"] = {
            "positives": list(state.evals.positives),
            "near_misses": list(state.evals.near_misses),
            "facts": list(state.evals.facts),
        }
    if state.verdict:
        found["validation"] = state.verdict.report
        found["failures"] = failures_as_json(state.verdict)
    return found


def failures_as_json(verdict: Verdict) -> list[dict[str, Any]]:
    return [asdict(failure) for failure in verdict.failures]
