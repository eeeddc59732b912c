"""The checkpoint: writes a phase's outcome in one transaction, guarded by the fence.

It is applied once or not at all (compare-and-swap): the guard names the fence, the
phase and the round, and every checkpoint clears the fence.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from jobs import lifecycle, promotion
from jobs.drafts import failures_as_json
from jobs.engine import queue
from jobs.models import Draft, Job, PhaseResult, Question
from jobs.models.job import JobQuerySet
from jobs.pipeline.context import PROGRESS, Context
from jobs.pipeline.outcome import Advance, Ask, Outcome, Stop
from jobs.pipeline.phases import PHASES
from jobs.pipeline.state import STATE_FIELDS, Brief, Output, State, Verdict, to_json
from taxonomy.models import Bundle


def job_columns(output: Output) -> dict[str, Any]:
    """The columns of the job that repeat this output, for lists and filters."""
    if isinstance(output, Brief):
        return {
            "task_description_refined": output.task_description,
            "intended_taxonomy_path": output.taxonomy_path,
            "skill_name": output.name,
        }
    if isinstance(output, Verdict):
        return {"validation_status": output.status, "validation_score": output.score}
    return {}


def result_of(context: Context, output: Output) -> dict[str, Any]:
    """The job's `result`: the name, the evals, the validation, unanswered questions.

    `output` is that of the last phase, which `context.state` does not have yet.
    """
    changed: dict[str, Any] = {STATE_FIELDS[output.phase]: output}
    state: State = replace(context.state, **changed)
    result: dict[str, Any] = {"unanswered": list(state.unanswered)}
    if brief := context.brief:
        result |= {"name": brief.name, "taxonomy_path": brief.taxonomy_path}
    if state.evals:
        result["evals"] = {
            "positives": list(state.evals.positives),
            "near_misses": list(state.evals.near_misses),
            "facts": list(state.evals.facts),
        }
    if state.verdict:
        result["validation"] = state.verdict.report
        result["failures"] = failures_as_json(state.verdict)
    return result


FAILURES_CLEARED = {"crashes": 0, "attempts": 0, "run_after": None, "error_stack": ""}
"""The columns that a successful phase resets: its crashes and failed attempts."""


@dataclass(frozen=True)
class Attempt:
    """One run of one phase by the holder of one fence."""

    job: Job
    fence: str
    context: Context
    started_at: datetime

    @property
    def where(self) -> JobQuerySet:
        """The guard: the job, as long as no other worker has taken it over."""
        claimed: JobQuerySet = Job.objects.with_fence(self.job.pk, self.fence)
        return claimed.filter(
            current_phase=self.context.phase, round=self.context.round
        )


def apply(attempt: Attempt, outcome: Outcome) -> bool:
    """Write the outcome. False: the fence is lost, and nothing was written."""
    with transaction.atomic():
        if isinstance(outcome, Advance):
            return _advance(attempt, outcome)
        if isinstance(outcome, Ask):
            return _ask(attempt, outcome)
        return _stop(attempt, outcome)


def _advance(attempt: Attempt, outcome: Advance) -> bool:
    moved = (
        _start_next_phase(attempt, outcome, outcome.next_phase)
        if outcome.next_phase
        else _complete(attempt, outcome)
    )
    if not moved:
        return False
    PhaseResult.objects.create(
        job=attempt.job,
        phase=attempt.context.phase,
        round=attempt.context.round,
        output=to_json(outcome.output),
        started_at=attempt.started_at,
    )
    if outcome.draft is not None:
        save_draft(attempt.job, Bundle.objects.store(outcome.draft))
    if outcome.next_phase:
        queue.enqueue(attempt.job)
    elif attempt.job.options.get("auto_promote"):
        promotion.promote_for_owner(attempt.job, attempt.context.waived)
    return True


def _start_next_phase(attempt: Attempt, outcome: Advance, next_phase: str) -> bool:
    """A return to this phase or to an earlier one begins a new round."""
    order = list(PHASES)
    returns = order.index(next_phase) <= order.index(attempt.context.phase)
    return attempt.job._move(
        Job.Status.RUNNING,
        where=attempt.where,
        event="phase_finished",
        note={"phase": attempt.context.phase, "message": outcome.message},
        current_phase=next_phase,
        round=attempt.context.round + 1 if returns else attempt.context.round,
        progress_percent=max(attempt.job.progress_percent, PROGRESS[next_phase]),
        progress_message=(outcome.message or f"{attempt.context.phase} done")[:255],
        **_lease_released(),
        **job_columns(outcome.output),
    )


def _complete(attempt: Attempt, outcome: Advance) -> bool:
    return lifecycle.end(
        attempt.job,
        Job.Status.COMPLETED,
        where=attempt.where,
        event="completed",
        note={"phase": attempt.context.phase, "message": outcome.message},
        progress_percent=100,
        progress_message=(outcome.message or "Completed.")[:255],
        result=result_of(attempt.context, outcome.output),
        **FAILURES_CLEARED,
        **job_columns(outcome.output),
    )


def _ask(attempt: Attempt, outcome: Ask) -> bool:
    moved = attempt.job._move(
        Job.Status.PENDING_HITL,
        where=attempt.where,
        event="asked",
        note={"kind": outcome.kind, "round": attempt.context.round},
        progress_message=f"Waiting for an answer: {outcome.kind}",
        running_since=None,
        **_lease_released(),
    )
    if not moved:
        return False
    Question.objects.create(
        job=attempt.job,
        kind=outcome.kind,
        phase=attempt.context.phase,
        round=attempt.context.round,
        prompt=dict(outcome.prompt),
        revise_to=outcome.revise_to or attempt.context.phase,
        timeout_at=Now() + settings.SKILLFLEET_QUESTION_TIMEOUT,
        remind_at=Now() + _reminder_delay() if _reminder_delay() else None,
    )
    queue.delete_message(attempt.job)
    lifecycle.enqueue_next_pending(attempt.job)
    return True


def _reminder_delay() -> timedelta:
    """How long after the question its reminder is due; zero: no reminders."""
    time_limit: timedelta = settings.SKILLFLEET_QUESTION_TIMEOUT
    return time_limit * settings.SKILLFLEET_QUESTION_REMINDER


def _stop(attempt: Attempt, outcome: Stop) -> bool:
    return lifecycle.fail(attempt.job, outcome.reason, where=attempt.where)


def _lease_released() -> dict[str, Any]:
    """The columns of a job that no worker runs, without failures of its phase."""
    return {"fence": "", "worker": "", "lease_expires_at": None, **FAILURES_CLEARED}


def save_draft(job: Job, bundle: Bundle) -> None:
    """Create the job's draft, or point it at this content."""
    Draft.objects.update_or_create(
        job=job,
        defaults={"bundle": bundle, "status": Draft.Status.OPEN, "updated_at": Now()},
    )
