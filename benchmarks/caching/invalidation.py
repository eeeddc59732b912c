"""The cost of invalidating ten keys among a thousand and among a million."""

from collections.abc import Callable, Iterator
from itertools import count
from time import perf_counter

from benchmarks.caching import stores
from benchmarks.caching.scale import Scale
from benchmarks.page import duration, table, times
from benchmarks.rounds import Seconds, interleaved, median, ratio

OURS = ("MemoryCache", "RedisCache")
CONTENDERS: dict[str, tuple[Callable[[int], stores.Invalidate], int]] = {
    "MemoryCache": (stores.memory, 10**7),
    "RedisCache": (stores.valkey, 10**7),
    "expression over LocMemCache's keys": (stores.expression, 10**7),
    "django-redis `delete_pattern`": (stores.django_redis, 10**5),
    "diskcache `evict(tag)`": (stores.diskcache, 10**5),
    "cacheops `invalidate_obj`": (stores.cacheops, 10**4),
}
"""By name: the function that fills it, and the number of keys that it can handle."""
ENOUGH = 0.02
MOST = 10
Table = dict[str, dict[int, Seconds]]


def timed(invalidate: stores.Invalidate, groups: Iterator[int]) -> Callable[[], float]:
    """Seconds of one invalidation. Each group can be invalidated only once."""

    def time() -> float:
        spent: list[float] = []
        while len(spent) < MOST and sum(spent) < ENOUGH:
            group = next(groups)
            started = perf_counter()
            invalidate(group)
            spent.append(perf_counter() - started)
        return min(spent)

    return time


def measure(scale: Scale) -> Table:
    prepared = {
        (name, size): timed(fill(size), count(1))
        for name, (fill, most) in CONTENDERS.items()
        for size in scale.key_counts
        if size <= most
    }
    named = {f"{name}|{size}": time for (name, size), time in prepared.items()}
    results = interleaved(named, scale.slow_rounds)
    result: Table = {name: {} for name in CONTENDERS}
    for name, size in prepared:
        result[name][size] = results[f"{name}|{size}"]
    return result


def section(results: Table, scale: Scale) -> Iterator[str]:
    head = ["", *(f"{size:,} keys" for size in scale.key_counts)]
    yield from table(head, (row(name, results, scale) for name in results))
    for name in OURS:
        least, most = min(scale.key_counts), max(scale.key_counts)
        grown = ratio(results[name][most], results[name][least])
        yield f"{name}: at {most:,} keys {grown:.2f} times the cost at {least:,}.  "


def row(name: str, results: Table, scale: Scale) -> list[str]:
    cells = [f"**{name}**" if name in OURS else name]
    for size in scale.key_counts:
        timings = results[name].get(size)
        if timings is None:
            cells.append("-")
            continue
        text = duration(median(timings), ours=name in OURS)
        if name not in OURS:
            text += f" ({times(ratio(timings, results['MemoryCache'][size]))})"
        cells.append(text)
    return cells
