"""Retries: of a database that does not answer, and of a phase that failed.

A temporary error of an author (a connection, a time-out, a busy provider) gives the
job back to the queue with `run_after`, by exponential backoff with jitter.
"""

import logging
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.db import (
    DataError,
    Error,
    IntegrityError,
    ProgrammingError,
    connection,
    connections,
    transaction,
)
from django.db.models import F
from django.db.models.functions import Now

from core.backoff import backoff
from jobs import lifecycle
from jobs.authors.base import AuthorError
from jobs.engine import queue
from jobs.models import Job
from jobs.models.job import log_fields

logger = logging.getLogger(__name__)
DATABASE_RETRY_SECONDS = 0.5
TEMPORARY_ERRORS = (ConnectionError, TimeoutError)
"""Errors of an author's connections that it did not wrap in an AuthorError."""
T = TypeVar("T")


def is_outage(error: Exception) -> bool:
    """Whether the database itself failed; a wrong statement or value is no outage."""
    wrong_statement = IntegrityError | DataError | ProgrammingError
    return isinstance(error, Error) and not isinstance(error, wrong_statement)


def with_database_retry(call: Callable[[], T], operation: str) -> T:
    """Repeat the call until the database answers, for at most the time of a phase.

    A COMMIT with an unknown result is repeated, too, so `call` must be idempotent: by
    its fence it recognises that it was applied. `operation` names it in the logs.
    """
    deadline = time.monotonic() + settings.SKILLFLEET_PHASE_LIMIT.total_seconds()
    while True:
        try:
            return call()
        except Error as error:
            # Only the caller can repeat an outer transaction as a whole.
            in_transaction = connection.in_atomic_block
            expired = time.monotonic() > deadline
            if in_transaction or expired or not is_outage(error):
                raise
            logger.warning(
                "waiting for the database operation=%s error=%s", operation, error
            )
            connections.close_all()
            time.sleep(DATABASE_RETRY_SECONDS)


def is_temporary(error: Exception) -> bool:
    """Whether another attempt may succeed."""
    if isinstance(error, AuthorError):
        return not error.permanent
    return isinstance(error, TEMPORARY_ERRORS)


def fail_or_retry(job: Job, fence: str, error: Exception) -> bool:
    """Schedule another attempt of the phase, or fail the job; call it in `except`.

    False: the fence is lost, and nothing was written.
    """
    reason, stack = f"{type(error).__name__}: {error}", traceback.format_exc()
    still_mine = Job.objects.with_fence(job.pk, fence)
    if not is_temporary(error):
        logger.exception("phase failed %s", log_fields(job, fence))
        return lifecycle.fail(job, reason, where=still_mine, stack=stack)
    if _retry_later(job, fence, reason, stack):
        return True
    limit = settings.SKILLFLEET_AUTHOR_ATTEMPTS
    reason = f"{reason} That was attempt {limit} of {limit} in this phase."
    failed = lifecycle.fail(job, reason, where=still_mine, stack=stack)
    if failed:
        logger.exception("last attempt failed %s", log_fields(job, fence))
    else:
        logger.warning("fence lost %s", log_fields(job, fence))
    return failed


def _retry_later(job: Job, fence: str, reason: str, stack: str) -> bool:
    """Requeue the job. False: that was the last attempt, or the fence is lost."""
    limit, attempt = settings.SKILLFLEET_AUTHOR_ATTEMPTS, job.attempts + 1
    wait = wait_after(attempt)
    reason = lifecycle.storable(reason)
    with transaction.atomic():
        moved = job._move(
            Job.Status.RUNNING,
            where=Job.objects.with_fence(job.pk, fence).filter(attempts__lt=limit - 1),
            event="attempt_failed",
            note={
                "error": reason,
                "attempt": attempt,
                "of": limit,
                "wait_seconds": round(wait.total_seconds(), 3),
            },
            progress_message=f"Attempt {attempt} of {limit} failed; it is tried again.",
            fence="",
            worker="",
            lease_expires_at=None,
            attempts=F("attempts") + 1,
            run_after=Now() + wait,
            error_stack=lifecycle.storable(stack),
        )
        if moved:
            queue.enqueue(job)
            queue.delay_message(job)
            logger.warning(
                "phase is retried %s in=%s why=%s", log_fields(job, fence), wait, reason
            )
    return moved


def wait_after(attempt: int) -> timedelta:
    """How long the job waits after its author failed that many times."""
    return backoff(
        attempt,
        first=settings.SKILLFLEET_AUTHOR_BACKOFF,
        longest=settings.SKILLFLEET_AUTHOR_BACKOFF_LIMIT,
    )
