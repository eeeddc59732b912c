"""Exponential backoff with jitter."""

import random
from datetime import timedelta

_random = random.SystemRandom()


def backoff(
    attempt: int,
    *,
    first: timedelta,
    longest: timedelta,
    factor: int = 2,
    jitter: tuple[float, float] = (0.5, 1.0),
) -> timedelta:
    """How long to wait after the attempt of that number, counted from 1.

    The wait grows by `factor` from `first` to `longest`. It is multiplied by a random
    number from the range `jitter`, so that attempts that failed together are not
    repeated together.
    """
    exponent = min(attempt - 1, 32)  # keeps the power inside a float
    grown = first.total_seconds() * factor**exponent
    capped = min(grown, longest.total_seconds())
    return timedelta(seconds=capped * _random.uniform(*jitter))
