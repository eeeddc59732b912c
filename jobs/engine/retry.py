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
    """Whether the database failed, not a statement or a value that it was given."""
    refused = IntegrityError | DataError | ProgrammingError
    return isinstance(error, Error) and not isinstance(error, refused)


def with_database_retry(call: Callable[[], T], doing: str) -> T:
    """Repeat the call until the database answers, for at most the time of a phase.

    It is repeated also after a COMMIT with an unknown result, so `call` must be
    idempotent: its fence tells it that it was applied. Logs name it by `doing`.
    """
    give_up = time.monotonic() + settings.SKILLFLEET_PHASE_LIMIT.total_seconds()
    while True:
        try:
            return call()
        except Error as error:
            # The outer transaction is lost with all that was done in it.
            lost = connection.in_atomic_block
            if lost or not is_outage(error) or time.monotonic() > give_up:
                raise
            logger.warning("waiting for the database doing=%s error=%s", doing, error)
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
    last = f"{reason} That was attempt {limit} of {limit} in this phase."
    ended = lifecycle.fail(job, last, where=still_mine, stack=stack)
    if ended:
        logger.exception("last attempt failed %s", log_fields(job, fence))
    else:
        logger.warning("fence lost %s", log_fields(job, fence))
    return ended


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
