"""Sixteen threads request one missing key: how often is its value computed?"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier
from time import perf_counter

from django.conf import settings
from django.test import override_settings

from benchmarks.caching.coldpeers import CONTENDERS, Computation
from benchmarks.caching.scale import Scale
from benchmarks.page import duration, table
from benchmarks.rounds import interleaved, median

THREADS = 16


def crowd(name: str) -> tuple[Computation, Callable[[], float]]:
    """Seconds until all threads have the value; each call uses a new key."""
    decorate, alias = CONTENDERS[name]
    compute, numbers = Computation(), count()
    function = decorate(compute)

    def time() -> float:
        number, barrier = next(numbers), Barrier(THREADS + 1)

        def come() -> None:
            barrier.wait()
            function(number)

        chosen = {**settings.CACHELAYER, "ALIAS": alias or "ours-memory"}
        with (
            ThreadPoolExecutor(THREADS) as threads,
            override_settings(CACHELAYER=chosen),
        ):
            coming = [threads.submit(come) for _ in range(THREADS)]
            barrier.wait()
            started = perf_counter()
            for each in coming:
                each.result()
            return perf_counter() - started

    return compute, time


def section(scale: Scale) -> Iterator[str]:
    crowds = {name: crowd(name) for name in CONTENDERS}
    results = interleaved(
        {name: time for name, (_, time) in crowds.items()}, scale.rounds
    )
    head = ["", "computed, per key", "until all have it"]
    yield from table(
        head,
        (
            [
                f"**{name}**" if CONTENDERS[name][1] else name,
                f"{compute.calls / scale.rounds:.3g}",
                duration(median(results[name]), ours=bool(CONTENDERS[name][1])),
            ]
            for name, (compute, _) in crowds.items()
        ),
    )
