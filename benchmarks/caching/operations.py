"""get and set of 1, 20 and 200 KB, as bytes and as dicts."""

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle
from typing import Any

from benchmarks.caching.peers import BY_REFERENCE, LIMIT, OURS, Cache
from benchmarks.caching.scale import Scale
from benchmarks.page import duration, table, times
from benchmarks.rounds import Seconds, interleaved, median, per_step, ratio

KILOBYTES = (1, 20, 200)
MANY = 100
KINDS = {
    "bytes": lambda size: os.urandom(size),
    "dict": lambda size: {f"row {row}": record(row) for row in range(size // 100)},
}


def record(row: int) -> dict[str, Any]:
    """A dict of about a hundred bytes as JSON."""
    text = f"The description of number {row:06}"
    return {"number": row, "title": text, "active": bool(row % 2), "score": row / 7}


def key_of(kind: str, size: int, number: int) -> str:
    return f"/values/{kind}/{size}/{number}"


def fill(cache: Cache) -> None:
    for kind, make in KINDS.items():
        for size in KILOBYTES:
            for number in range(MANY if kind == "bytes" else 1):
                cache.set(key_of(kind, size, number), make(size * 1000))


def gets(kind: str, size: int, keys: int) -> Callable[[Cache, Scale], Any]:
    def prepare(cache: Cache, scale: Scale) -> Callable[[], float]:
        names = cycle([(key_of(kind, size, number),) for number in range(keys)])
        return per_step(cache.get, names, scale.seconds)

    return prepare


def sets(kind: str, size: int) -> Callable[[Cache, Scale], Any]:
    def prepare(cache: Cache, scale: Scale) -> Callable[[], float]:
        value = KINDS[kind](size * 1000)
        arguments: Iterator[Any] = cycle([(key_of(kind, size, 0), value)])
        return per_step(cache.set, arguments, scale.seconds)

    return prepare


OPERATIONS: dict[str, list[Callable[[Cache, Scale], Any]]] = {
    "get of bytes, one key again and again": [gets("bytes", n, 1) for n in KILOBYTES],
    f"get of bytes, {MANY} keys in turn": [gets("bytes", n, MANY) for n in KILOBYTES],
    "get of a dict": [gets("dict", n, 1) for n in KILOBYTES],
    "set of bytes": [sets("bytes", n) for n in KILOBYTES],
    "set of a dict": [sets("dict", n) for n in KILOBYTES],
}


def measure(
    caches: Mapping[str, Cache], scale: Scale
) -> dict[str, list[dict[str, Seconds]]]:
    """The seconds of each round, by operation, size and cache."""
    for cache in caches.values():
        fill(cache)
    return {
        name: [
            interleaved(
                {each: prepare(cache, scale) for each, cache in caches.items()},
                scale.rounds,
            )
            for prepare in prepared
        ]
        for name, prepared in OPERATIONS.items()
    }


def section(results: dict[str, list[dict[str, Seconds]]]) -> Iterator[str]:
    """A table for each operation; for peers also the ratio to ours."""
    for name, by_size in results.items():
        yield f"\n**{name}**"
        head = ["", *(f"{size} KB" for size in KILOBYTES)]
        caches = list(by_size[0])
        ours = next(each for each in caches if each in OURS)
        yield from table(head, (row(each, ours, name, by_size) for each in caches))


def row(
    cache: str, ours: str, operation: str, by_size: list[dict[str, Seconds]]
) -> list[str]:
    shared = "dict" in operation and cache in BY_REFERENCE and cache != LIMIT
    cells = [f"**{cache}**" if cache == ours else cache + (" ¹" if shared else "")]
    for timings in by_size:
        text = duration(median(timings[cache]), ours=cache == ours)
        if cache != ours:
            text += f" ({times(ratio(timings[cache], timings[ours]))})"
        cells.append(text)
    return cells
