"""Statistics: counts by tier, route and process, for the whole host.

Each process has a row in a mapped file, so that any process can sum up the host.
Routes have two files in CACHELAYER's STATISTICS_FOLDER: the names, a line each, and a
row of counts per process with a place for each name. Without the folder nothing is
counted by route.
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
from cachelayer.locks import HostLock, alive, forkables, swap_in

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


PLACES = 100  # the last one is for all that found no place
OUTCOMES = {"hits": 0, "misses": 1, "bypasses": 2}
OTHERS = "- other routes"
WARNED = 1  # a word of row 0: this host has been warned of its hit rate


class RouteCounters(Counters):
    """Counts by route, which is named by its tier, a blank, its path or function."""

    file = "routes"
    words = FIRST + PLACES * len(OUTCOMES)

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
            if route not in names and len(names) < PLACES - 1:
                names.append(route)
                made = self._names.with_name(f"routes.names.{os.getpid()}")
                made.write_text("\n".join(names))
                made.replace(self._names)
        place = names.index(route) if route in names else PLACES - 1
        self._first[route] = FIRST + place * len(OUTCOMES)
        return self._first[route]

    def names(self) -> list[str]:
        return self._names.read_text().split("\n") if self._names.exists() else []

    def of_routes(self) -> list[dict[str, Any]]:
        """Of all processes since the files were made; the busiest route first."""
        rows = [self._row_at(place) for place in range(ROWS)]
        places = {**dict(enumerate(self.names())), PLACES - 1: OTHERS}
        found = [self._of_one(rows, *each) for each in places.items()]
        return sorted(filter(calls_of, found), key=calls_of, reverse=True)

    def _of_one(self, rows: list[memoryview], place: int, name: str) -> dict[str, Any]:
        tier, _, route = name.partition(" ")
        first = FIRST + place * len(OUTCOMES)
        counts = {
            outcome: sum(row[first + offset] for row in rows)
            for outcome, offset in OUTCOMES.items()
        }
        return {"route": route, "tier": tier, **with_rate(counts)}

    def warn_once(self, low: bool) -> bool:
        """Whether to speak now: the first time it is low, until it has recovered."""
        with self._lock:
            words = self._row_at(0)
            first = low and not words[WARNED]
            words[WARNED] = int(low)
        return first


def calls_of(counts: dict[str, Any]) -> int:
    return sum(counts[outcome] for outcome in OUTCOMES)


@cache
def counters_in(folder: str) -> RouteCounters | None:
    """None: the folder cannot be used, and that is no reason to answer nothing."""
    try:
        return RouteCounters(Path(folder))
    except OSError as error:
        logger.warning("calls are not counted by route: %s", error)
        return None


def route_counters() -> RouteCounters | None:
    folder = option("STATISTICS_FOLDER")
    return counters_in(str(folder)) if folder else None


def count_route(route: str, outcome: str) -> None:
    counters = route_counters()
    try:
        if counters is not None:
            counters.count(route, outcome)
    except OSError as error:  # a full disk costs a count, not an answer
        logger.debug("not counted route=%s: %s", route, error)


def figures_of_routes() -> list[dict[str, Any]]:
    """Counts, hit rate and `warnings` of each route."""
    counters = route_counters()
    found = counters.of_routes() if counters else []
    return [
        {**each, "warnings": warnings_about(each, f" of {each['route']}")}
        for each in found
    ]


def everything(stats: dict[str, Any]) -> dict[str, Any]:
    """A backend's counts with those by route, and every warning there is."""
    routes, host = figures_of_routes(), stats.get("host")
    found = [*stats.get("warnings", ())]
    found += warnings_about(host, " of this host") if host else []
    for route in routes:
        found += route["warnings"]
    return {**stats, "routes": routes, "warnings": found}


class Watch:
    """Looks at the hit rate once an interval, when a request comes."""

    def __init__(self) -> None:
        self._next = 0.0

    def look(self) -> None:
        """One process of the host speaks, and no more until the rate has recovered."""
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
        found = warnings_about(with_rate(total), " of this host")
        if counters.warn_once(bool(found)):
            logger.warning("cache %s", found[0])


watch = Watch()


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
    title: str
    headers: Sequence[str]
    rows: list[list[str]]


def tables(stats: dict[str, Any]) -> Iterator[Table]:
    """Of the host, its tiers, its routes, and the processes that have used it."""
    host = stats.get("host", stats)
    headers = ["", "hit rate", *COLUMNS]
    scopes = [["host", *cells(host, COLUMNS)]]
    scopes += [[tier, *cells(one, COLUMNS)] for tier, one in host["tiers"].items()]
    yield Table("Host and tiers", headers, scopes)
    routes = [
        [one["route"], one["tier"], *cells(one, OUTCOMES)] for one in stats["routes"]
    ]
    yield Table("Routes", ["route", "tier", "hit rate", *OUTCOMES], routes)
    shown = ("size", *COLUMNS)
    users = [one for one in host.get("each", ()) if any(one[name] for name in shown)]
    each = [[str(one["pid"]), *cells(one, shown)] for one in users]
    yield Table("Processes", ["process", "hit rate", *shown], each)


def cells(counts: dict[str, Any], names: Iterable[str]) -> list[str]:
    """The hit rate, `-` when nothing was looked up, and these counts."""
    looked_up = counts["hits"] + counts["misses"]
    rate = f"{counts['hit_rate']:.1%}" if looked_up else "-"
    return [rate, *(str(counts[name]) for name in names)]


def headline(stats: dict[str, Any]) -> str:
    host = stats.get("host", stats)
    if host["size"] is None:
        return f"The cache's server: {stats['server']}"
    entries = counted(host["size"], "entry", "entries")
    processes = counted(host.get("processes", 1), "process", "processes")
    return f"{entries}, {in_bytes(host['bytes'])}, in {processes}"


def counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def in_bytes(size: int) -> str:
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.1f} KiB"
