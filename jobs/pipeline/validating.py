"""Phase validate: specification, security and quality, as a report and a score."""

from jobs.pipeline.answers import approved
from jobs.pipeline.assignments import brief_of
from jobs.pipeline.context import Context
from jobs.pipeline.evaluation import failures_of
from jobs.pipeline.outcome import Advance, Ask, Outcome
from jobs.pipeline.showing import draft_prompt
from jobs.pipeline.state import Verdict
from taxonomy.skillmd.report import validate as validate_skill

MESSAGE = "This is the draft and what its validation says. Finish the job with it?"


def validate(context: Context) -> Outcome:
    verdict = judge(context)
    wanted = "validate" in context.checkpoints
    refactoring = context.state.refactoring
    since = refactoring.round if refactoring else 0
    if wanted and not approved(context, ("validate",), since):
        prompt = draft_prompt(context, MESSAGE)
        shown = {"validation": verdict.report, "validation_status": verdict.status}
        return Ask("validate", {**prompt, **shown}, revise_to="tdd_refactor")
    return Advance(verdict, None, message=f"Validation {verdict.status}")


def judge(context: Context) -> Verdict:
    """What the report and the evals say of the context's draft.

    A new skill has no folder yet; a refined one keeps its name.
    """
    brief = brief_of(context)
    refined = context.job_type == "skill_refinement" and brief is not None
    folder_name = brief.name if brief and refined else None
    report = validate_skill(context.draft, folder_name, context.limits, context.waived)
    failures = failures_of(context, context.draft)
    status = "warnings" if failures and report.status == "passed" else report.status
    return Verdict(
        status=str(status),
        score=report.score,
        report=report.as_json(),
        failures=failures,
        round=context.round,
    )
