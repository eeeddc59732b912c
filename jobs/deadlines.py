"""Questions whose time comes: half gone, a reminder; all gone, the job fails."""

from django.db import transaction

from jobs import lifecycle
from jobs.models import Job, Question
from jobs.models.querysets import JobQuerySet


def time_out(question: Question) -> bool:
    """Fail the job of a question that nobody answered in time.

    The job's row is held before the question is looked at: a guard that joined the
    two would, on PostgreSQL, not be asked again after an answer was waited for.
    """
    with transaction.atomic():
        _hold_job(question)
        if not Question.objects.overdue().filter(pk=question.pk).exists():
            return False
        reason = f"Nobody answered '{question.kind}' by {question.timeout_at:%c}."
        if not lifecycle.fail(question.job, reason, where=_asked(question)):
            return False
        Question.objects.filter(pk=question.pk).update(status=Question.Status.TIMEOUT)
    return True


def remind(question: Question) -> bool:
    """Say once, in the job's history, that it waits. False: it was said, or answered.

    The job's row is held first, so that of two reminders the second one looks at a
    question that the first has marked.
    """
    with transaction.atomic():
        _hold_job(question)
        due = Question.objects.to_remind().filter(pk=question.pk)
        if not due.update(remind_at=None):
            return False
        return question.job._move(
            Job.Status.PENDING_HITL,
            where=_asked(question),
            event="reminded",
            note={
                "kind": question.kind,
                "round": question.round,
                "timeout_at": question.timeout_at.isoformat(),
            },
        )


def _hold_job(question: Question) -> None:
    """Until the transaction ends; one that was pruned meanwhile has no question."""
    Job.objects.select_for_update().filter(pk=question.job_id).first()


def _asked(question: Question) -> JobQuerySet:
    """Its job, as long as it waits for this very question."""
    waiting: JobQuerySet = Job.objects.live().filter(
        status=Job.Status.PENDING_HITL, round=question.round
    )
    return waiting
