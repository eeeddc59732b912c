"""Rounds in which each contender takes its turn, so that noise affects all of them."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import repeat
from random import Random
from timeit import Timer
from typing import Any

Seconds = list[float]
TRIES = 3
FEWEST_ROUNDS = 2
Call = Callable[[], Any]


def interleaved(
    contenders: Mapping[str, Callable[[], float]],
    rounds: int,
    within: float = float("inf"),
) -> dict[str, Seconds]:
    """The figures of each contender, one a round; the order changes from round to
    round."""
    figures: dict[str, Seconds] = {name: [] for name in contenders}
    for each in rounds_within(within, rounds):
        gc.collect()
        for name in shuffled(contenders, each):
            figures[name].append(contenders[name]())
    return figures


def rounds_within(seconds: float, most: int) -> Iterator[int]:
    """Start no further round after this time; there are at least two."""
    end = time.monotonic() + seconds
    for each in range(most):
        if each < FEWEST_ROUNDS or time.monotonic() < end:
            yield each


def shuffled(names: Mapping[str, Any], seed: int) -> list[str]:
    return Random(seed).sample(list(names), k=len(names))


def per_call(call: Call, seconds: float) -> Callable[[], float]:
    """A function that times one call: the best of three means within these seconds."""
    return per_step(call, repeat(()), seconds)


def per_step(
    call: Callable[..., Any], arguments: Iterator[tuple[Any, ...]], seconds: float
) -> Callable[[], float]:
    """The same for a function that is called with each argument in turn."""
    timer = Timer("call(*step())", globals={"call": call, "step": arguments.__next__})
    number = 0

    def time() -> float:
        nonlocal number
        if not number:
            once = max(timer.timeit(3) / 3, 1e-9)
            number = max(1, int(seconds / once / TRIES))
        return min(timer.repeat(TRIES, number)) / number

    return time


def median(figures: Seconds) -> float:
    return statistics.median(figures)


def medians(by_name: Mapping[str, Seconds]) -> dict[str, float]:
    return {name: median(figures) for name, figures in by_name.items()}


def ratio(theirs: Seconds, ours: Seconds) -> float:
    """How many times ours: the median of the ratios of the rounds."""
    return median([one / other for one, other in zip(theirs, ours, strict=True)])
