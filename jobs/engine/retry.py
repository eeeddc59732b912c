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
from jobs.models.job import about

logger = logging.getLogger(__name__)
RETRY_SECONDS = 0.5
T = TypeVar("T")


def is_away(error: Exception) -> bool:
    """Whether it is the database's trouble, not that of what it was given."""
    refused = IntegrityError | DataError | ProgrammingError
    return isinstance(error, Error) and not isinstance(error, refused)


def patiently(call: Callable[[], T], doing: str) -> T:
    """Make a call until the database answers, for as long as a phase may take.

    It is also made again after a COMMIT whose end nobody knows, so `call` has to see
    for itself that it has been done: by its fence. `doing` says what waits, in logs.
    """
    give_up = time.monotonic() + settings.SKILLFLEET_PHASE_LIMIT.total_seconds()
    while True:
        try:
            return call()
        except Error as error:
            lost = connection.in_atomic_block  # with all that was done in it before
            if lost or not is_away(error) or time.monotonic() > give_up:
                raise
            logger.warning("database is away: %s waits error=%s", doing, error)
            connections.close_all()
            time.sleep(RETRY_SECONDS)


PASSING = (ConnectionError, TimeoutError)
"""Faults of the world around an author that does not wrap them in its own."""


def may_pass(error: Exception) -> bool:
    """Whether another try can help; a bug stays a bug."""
    if isinstance(error, AuthorError):
        return not error.permanent
    return isinstance(error, PASSING)


def give_up_or_retry(job: Job, fence: str, error: Exception) -> bool:
    """End this attempt of the phase; call it where the error is being caught.

    False: the fence is lost, and nothing was written.
    """
    reason, stack = f"{type(error).__name__}: {error}", traceback.format_exc()
    held = Job.objects.held_by(job.pk, fence)
    if not may_pass(error):
        logger.exception("phase failed %s", about(job, fence))
        return lifecycle.fail(job, reason, where=held, stack=stack)
    if _try_later(job, fence, reason, stack):
        return True
    limit = settings.SKILLFLEET_AUTHOR_ATTEMPTS
    last = f"{reason} That was attempt {limit} of {limit} in this phase."
    ended = lifecycle.fail(job, last, where=held, stack=stack)
    if ended:
        logger.exception("last attempt failed %s", about(job, fence))
    else:
        logger.warning("fence lost %s", about(job, fence))
    return ended


def _try_later(job: Job, fence: str, reason: str, stack: str) -> bool:
    """False: that was the last attempt, or the fence is lost."""
    limit, attempt = settings.SKILLFLEET_AUTHOR_ATTEMPTS, job.attempts + 1
    wait = wait_after(attempt)
    reason = lifecycle.storable(reason)
    with transaction.atomic():
        moved = job._move(
            Job.Status.RUNNING,
            where=Job.objects.held_by(job.pk, fence).filter(attempts__lt=limit - 1),
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
            queue.hold_back(job)
            logger.warning(
                "tried again %s in=%s why=%s", about(job, fence), wait, reason
            )
    return moved


def wait_after(attempt: int) -> timedelta:
    """How long the job waits after its author failed that many times."""
    return backoff(
        attempt,
        first=settings.SKILLFLEET_AUTHOR_BACKOFF,
        longest=settings.SKILLFLEET_AUTHOR_BACKOFF_LIMIT,
    )
