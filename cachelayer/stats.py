"""Statistics: counts by tier, by route and by process, for the whole host.

Each process has a row in a mapped file, so that any process can sum up the host. The
counts by route are in two files in CACHELAYER's STATISTICS_FOLDER: the names, one in
each line, and a row for each process with a place for each name. Without that folder
nothing is counted by route.
"""

import logging
import mmap
import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from cachelayer.conf import option
from cachelayer.locks import HostLock, alive, forkables, replace_file

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
ROWS = 256  # row 0 has the sums of processes that have ended
MIN_LOOKUPS = 100  # with fewer, a low hit rate means nothing
WORD = {
    (tier, event): FIRST + place * len(EVENTS) + offset
    for place, tier in enumerate(TIERS)
    for offset, event in enumerate(EVENTS)
}
RAW_HIT = WORD["raw", "hits"]


class Counters:
    """The counts of this process. Two threads that count at once may lose a count."""

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
        """The host's file, or memory of this process if the file cannot be mapped."""
        try:
            return self._map()
        except OSError as error:
            logger.warning("cache counts are of this process alone: %s", error)
            return memoryview(array("Q", bytes(ROWS * self.words * 8)))

    def _map(self) -> memoryview:
        size = ROWS * self.words * 8
        if not self._path.exists() or self._path.stat().st_size != size:
            replace_file(self._path, bytes(size))
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
        """Write the size of the process's store, and add the hits that it counted."""
        row = self.row()
        row[ENTRIES], row[BYTES] = entries, size
        row[RAW_HIT] += raw_hits

    def _claim(self) -> memoryview:
        """A free row, or that of an ended process. The caller has the lock.

        A row with our own id is that of an ended process, too: in a container the next
        process gets the same id.
        """
        for place in range(1, ROWS):
            row = self._row_at(place)
            if row[PID] == os.getpid() or (row[PID] and not alive(row[PID])):
                self._release(row)
            if not row[PID]:
                row[PID] = os.getpid()
                return row
        return memoryview(array("Q", bytes(self.words * 8)))  # all rows are in use

    def _row_at(self, place: int) -> memoryview:
        return self._table[place * self.words : (place + 1) * self.words]

    def _release(self, row: memoryview) -> None:
        """Add the row to the sums of ended processes, and clear it."""
        ended = self._row_at(0)
        for word in range(FIRST, self.words):
            ended[word] += row[word]
            row[word] = 0
        row[PID] = row[ENTRIES] = row[BYTES] = 0

    def of_process(self) -> dict[str, Any]:
        return summary([self.row()])

    def of_host(self) -> dict[str, Any]:
        """Counts since the file was created.

        `processes` is the number of living ones, `each` has their counts.
        """
        rows = [self._row_at(place) for place in range(ROWS)]
        living = [row for row in rows[1:] if row[PID] and alive(row[PID])]
        each = [
            {"pid": row[PID], "size": row[ENTRIES], **summary([row])} for row in living
        ]
        return {
            **summary(rows),
            "processes": len(living),
            "size": sum(row[ENTRIES] for row in living),
            "bytes": sum(row[BYTES] for row in living),
            "each": each,
        }


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


def hit_rate_warnings(counts: dict[str, Any], whose: str = "") -> list[str]:
    """A warning if the hit rate is below CACHELAYER's LOW_HIT_RATE."""
    low, rate = option("LOW_HIT_RATE"), counts["hit_rate"]
    if counts["hits"] + counts["misses"] < MIN_LOOKUPS or rate >= low:
        return []
    limit = f"{low:.0%} (CACHELAYER LOW_HIT_RATE)"
    return [f"The hit rate {rate:.0%}{whose} is below {limit}."]


MAX_ROUTES = 100  # the last place counts all routes that have no place of their own
OUTCOMES = {"hits": 0, "misses": 1, "bypasses": 2}
OTHERS = "- other routes"
WARNED = 1  # the word of row 0 that says whether the log has a warning


class RouteCounters(Counters):
    """Counts by route. A name is a tier, a space, and a path or a function."""

    file = "routes"
    words = FIRST + MAX_ROUTES * len(OUTCOMES)

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder)
        self._names = folder / "routes.names"
        self._first: dict[str, int] = {}

    def count(self, route: str, outcome: str) -> None:
        first = self._first.get(route) or self._find_place(route)
        row = self._row or self.row()
        row[first + OUTCOMES[outcome]] += 1

    def _find_place(self, route: str) -> int:
        with self._lock:
            names = self.names()
            if route not in names and len(names) < MAX_ROUTES - 1:
                names.append(route)
                temporary = self._names.with_name(f"routes.names.{os.getpid()}")
                temporary.write_text("\n".join(names))
                temporary.replace(self._names)
        place = names.index(route) if route in names else MAX_ROUTES - 1
        self._first[route] = FIRST + place * len(OUTCOMES)
        return self._first[route]

    def names(self) -> list[str]:
        return self._names.read_text().split("\n") if self._names.exists() else []

    def of_routes(self) -> list[dict[str, Any]]:
        """Counts of all processes since the files were created, the busiest first."""
        rows = [self._row_at(place) for place in range(ROWS)]
        places = {**dict(enumerate(self.names())), MAX_ROUTES - 1: OTHERS}
        routes = [self._of_one(rows, *each) for each in places.items()]
        return sorted(filter(calls_of, routes), key=calls_of, reverse=True)

    def _of_one(self, rows: list[memoryview], place: int, name: str) -> dict[str, Any]:
        tier, _, route = name.partition(" ")
        first = FIRST + place * len(OUTCOMES)
        counts = {
            outcome: sum(row[first + offset] for row in rows)
            for outcome, offset in OUTCOMES.items()
        }
        return {"route": route, "tier": tier, **with_rate(counts)}

    def warn_once(self, low: bool) -> bool:
        """Whether to warn: when the rate becomes low, and not again until it recovers.

        The answer is True in one process of the host.
        """
        with self._lock:
            words = self._row_at(0)
            became_low = low and not words[WARNED]
            words[WARNED] = int(low)
        return became_low


def calls_of(counts: dict[str, Any]) -> int:
    return sum(counts[outcome] for outcome in OUTCOMES)


@cache
def counters_in(folder: str) -> RouteCounters | None:
    """The counters in this folder; None if it cannot be used: no request must fail."""
    try:
        return RouteCounters(Path(folder))
    except OSError as error:
        logger.warning("cache calls are not counted by route: %s", error)
        return None


def route_counters() -> RouteCounters | None:
    folder = option("STATISTICS_FOLDER")
    return counters_in(str(folder)) if folder else None


def count_route(route: str, outcome: str) -> None:
    counters = route_counters()
    try:
        if counters is not None:
            counters.count(route, outcome)
    except OSError as error:  # a full disk must not fail the request
        logger.debug("cache call not counted route=%s: %s", route, error)


def route_stats() -> list[dict[str, Any]]:
    """Counts, hit rate and `warnings` of each route."""
    counters = route_counters()
    routes = counters.of_routes() if counters else []
    return [
        {**each, "warnings": hit_rate_warnings(each, f" of {each['route']}")}
        for each in routes
    ]


def complete_stats(stats: dict[str, Any]) -> dict[str, Any]:
    """The backend's counts, the counts by route, and all warnings."""
    routes, host = route_stats(), stats.get("host")
    warnings = [*stats.get("warnings", ())]
    warnings += hit_rate_warnings(host, " of this host") if host else []
    for route in routes:
        warnings += route["warnings"]
    return {**stats, "routes": routes, "warnings": warnings}


class HitRateMonitor:
    """Checks the host's hit rate once in an interval, when a request starts."""

    def __init__(self) -> None:
        self._next = 0.0

    def check(self) -> None:
        """Log a warning of a low hit rate, in one process of the host."""
        now = monotonic()
        if now < self._next:
            return
        counters = route_counters()
        if counters is None:
            return
        self._next = now + option("HOST_INTERVAL")
        routes = counters.of_routes()
        total = {
            outcome: sum(route[outcome] for route in routes)
            for outcome in ("hits", "misses")
        }
        warnings = hit_rate_warnings(with_rate(total), " of this host")
        if counters.warn_once(bool(warnings)):
            logger.warning("cache %s", warnings[0])


monitor = HitRateMonitor()


COLUMNS = (
    "hits",
    "misses",
    "bypasses",
    "sets",
    "evictions",
    "invalidations",
    "expired",
)


class Table(NamedTuple):
    """Statistics as text, for the terminal and for the admin."""

    title: str
    headers: Sequence[str]
    rows: list[list[str]]


def tables(stats: dict[str, Any]) -> Iterator[Table]:
    """The host and its tiers, its routes, and the processes that used the cache."""
    host = stats.get("host", stats)
    headers = ["", "hit rate", *COLUMNS]
    scopes = [["host", *cells(host, COLUMNS)]]
    scopes += [
        [tier, *cells(counts, COLUMNS)] for tier, counts in host["tiers"].items()
    ]
    yield Table("Host and tiers", headers, scopes)
    routes = [
        [each["route"], each["tier"], *cells(each, OUTCOMES)]
        for each in stats["routes"]
    ]
    yield Table("Routes", ["route", "tier", "hit rate", *OUTCOMES], routes)
    columns = ("size", *COLUMNS)
    processes = [
        [str(each["pid"]), *cells(each, columns)]
        for each in host.get("each", ())
        if any(each[name] for name in columns)
    ]
    yield Table("Processes", ["process", "hit rate", *columns], processes)


def cells(counts: dict[str, Any], names: Iterable[str]) -> list[str]:
    """The hit rate, or `-` if there was no look-up, and these counts."""
    lookups = counts["hits"] + counts["misses"]
    rate = f"{counts['hit_rate']:.1%}" if lookups else "-"
    return [rate, *(str(counts[name]) for name in names)]


def headline(stats: dict[str, Any]) -> str:
    """How much is cached, in one line."""
    host = stats.get("host", stats)
    if host["size"] is None:
        return f"The cache server is {stats['server']}"
    entries = counted(host["size"], "entry", "entries")
    processes = counted(host.get("processes", 1), "process", "processes")
    return f"{entries}, {in_bytes(host['bytes'])}, in {processes}"


def counted(number: int, singular: str, plural: str) -> str:
    return f"{number} {singular if number == 1 else plural}"


def in_bytes(size: int) -> str:
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.1f} KiB"
