"""Sitting out the database's absence: its restart costs no author's work."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import (
    DataError,
    Error,
    IntegrityError,
    ProgrammingError,
    connection,
    connections,
)

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
