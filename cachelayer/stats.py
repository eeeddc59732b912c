"""Counters, a row per process in one mapped file, so that any process sees the host."""

import logging
import mmap
import os
from array import array
from pathlib import Path
from typing import Any

from cachelayer.files import swap_in
from cachelayer.locks import HostLock, forkables
from cachelayer.options import option
from cachelayer.processes import alive

logger = logging.getLogger(__name__)

EVENTS = (
    "hits",
    "misses",
    "sets",
    "evictions",
    "invalidations",
    "expired",
    "bypasses",
)
TIERS = ("endpoint", "global", "user", "branch", "raw")
PID, ENTRIES, BYTES, FIRST = range(4)
ROW = 64
ROWS = 256  # row 0 gathers the processes that have gone
LOOKUPS_THAT_TELL = 100  # with fewer, a low hit rate says nothing
WORD = {
    (tier, event): FIRST + place * len(EVENTS) + offset
    for place, tier in enumerate(TIERS)
    for offset, event in enumerate(EVENTS)
}
RAW_HIT = WORD["raw", "hits"]


class Counters:
    """This process's row; two threads at once may lose a count."""

    file = "counters"
    words = ROW

    def __init__(self, folder: Path) -> None:
        self._path = folder / self.file
        self._lock = HostLock(folder / f"{self.file}.lock")
        self._row: memoryview | None = None
        with self._lock:
            self._table = self._map_or_count_alone()
        forkables.add(self)

    def after_fork(self) -> None:
        self._row = None

    def _map_or_count_alone(self) -> memoryview:
        try:
            return self._map()
        except OSError as error:
            logger.warning("not counted on this host: %s", error)
            return memoryview(array("Q", bytes(ROWS * self.words * 8)))

    def _map(self) -> memoryview:
        size = ROWS * self.words * 8
        if not self._path.exists() or self._path.stat().st_size != size:
            swap_in(self._path, bytes(size))
        with self._path.open("r+b") as opened:
            return memoryview(mmap.mmap(opened.fileno(), size)).cast("Q")

    def row(self) -> memoryview:
        if self._row is None:
            with self._lock:
                self._row = self._claim()
        return self._row

    def add(self, tier: str, event: str) -> None:
        row = self._row or self.row()
        row[WORD[tier, event]] += 1

    def publish(self, entries: int, size: int, raw_hits: int = 0) -> None:
        """What a process holds, and the hits that it counted by itself."""
        row = self.row()
        row[ENTRIES], row[BYTES] = entries, size
        row[RAW_HIT] += raw_hits

    def _claim(self) -> memoryview:
        """A free row, else that of a process that has gone: a container gives its
        next process the same id. Needs the lock."""
        for place in range(1, ROWS):
            row = self._row_at(place)
            if row[PID] == os.getpid() or (row[PID] and not alive(row[PID])):
                self._retire(row)
            if not row[PID]:
                row[PID] = os.getpid()
                return row
        return memoryview(array("Q", bytes(self.words * 8)))  # uncounted on the host

    def _row_at(self, place: int) -> memoryview:
        return self._table[place * self.words : (place + 1) * self.words]

    def _retire(self, row: memoryview) -> None:
        gone = self._row_at(0)
        for word in range(FIRST, self.words):
            gone[word] += row[word]
            row[word] = 0
        row[PID] = row[ENTRIES] = row[BYTES] = 0

    def of_process(self) -> dict[str, Any]:
        return summary([self.row()])

    def of_host(self) -> dict[str, Any]:
        """All since the file was made; `processes` and `each` are those alive."""
        rows = [self._row_at(place) for place in range(ROWS)]
        living = [row for row in rows[1:] if row[PID] and alive(row[PID])]
        found = summary(rows)
        found["processes"] = len(living)
        found["size"] = sum(row[ENTRIES] for row in living)
        found["bytes"] = sum(row[BYTES] for row in living)
        found["each"] = [
            {"pid": row[PID], "size": row[ENTRIES], **summary([row])} for row in living
        ]
        return found


def summary(rows: list[memoryview]) -> dict[str, Any]:
    """Counts by event, then the same under `tiers` by tier."""
    tiers = {
        tier: with_rate(
            {event: sum(row[WORD[tier, event]] for row in rows) for event in EVENTS}
        )
        for tier in TIERS
    }
    total = {event: sum(each[event] for each in tiers.values()) for event in EVENTS}
    return {**with_rate(total), "tiers": tiers}


def with_rate(counts: dict[str, int]) -> dict[str, Any]:
    lookups = counts["hits"] + counts["misses"]
    rate = counts["hits"] / lookups if lookups else 0.0
    return {**counts, "hit_rate": round(rate, 4)}


def warnings_about(found: dict[str, Any], whose: str = "") -> list[str]:
    """What an operator should look at."""
    low, rate = option("LOW_HIT_RATE"), found["hit_rate"]
    if found["hits"] + found["misses"] < LOOKUPS_THAT_TELL or rate >= low:
        return []
    limit = f"{low:.0%} (CACHELAYER LOW_HIT_RATE)"
    return [f"The hit rate {rate:.0%}{whose} is below {limit}."]
