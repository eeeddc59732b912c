"""The figures as rows of text, for the terminal and for pages."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from cachelayer.routes import OUTCOMES

EVENTS = ("hits", "misses", "bypasses", "sets", "evictions", "invalidations", "expired")


class Table(NamedTuple):
    title: str
    headers: Sequence[str]
    rows: list[list[str]]


def tables(stats: dict[str, Any]) -> Iterator[Table]:
    """Of the host, its tiers, its routes, and the processes that have used it."""
    host = stats.get("host", stats)
    headers = ["", "hit rate", *EVENTS]
    scopes = [["host", *cells(host, EVENTS)]]
    scopes += [[tier, *cells(one, EVENTS)] for tier, one in host["tiers"].items()]
    yield Table("Host and tiers", headers, scopes)
    routes = [
        [one["route"], one["tier"], *cells(one, OUTCOMES)] for one in stats["routes"]
    ]
    yield Table("Routes", ["route", "tier", "hit rate", *OUTCOMES], routes)
    shown = ("size", *EVENTS)
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
