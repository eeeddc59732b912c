"""What each decorated view and function hits and misses, on the whole host.

Two files in CACHELAYER's STATISTICS_FOLDER: the names, a line each, and a row of counts
per process with a place for each name. Without the folder nothing is counted.
"""

import logging
import os
from functools import cache
from pathlib import Path
from typing import Any

from cachelayer.options import option
from cachelayer.stats import FIRST, ROWS, Counters, warnings_about, with_rate

logger = logging.getLogger(__name__)

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
