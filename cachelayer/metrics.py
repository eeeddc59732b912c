"""The cache's figures for Prometheus: of this host, all its processes together.

They are read when somebody asks, out of the files that the processes count in; so a
scrape answers the same whichever process it meets.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from cachelayer.stats import figures_of_routes
from cachelayer.transactions import backend

OUTCOMES = {"hits": "hit", "misses": "miss", "bypasses": "bypass"}
EVENTS = {
    "sets": "Entries stored.",
    "evictions": "Entries dropped because of a limit.",
    "invalidations": "Entries found retired.",
    "expired": "Entries found too old.",
}


class CacheCollector(Collector):
    """Register it once; routes are named as the table of addresses has them."""

    def collect(self) -> Iterator[Metric]:
        cache = backend()
        host = cache.host_figures()
        tiers = [((tier,), counts) for tier, counts in host["tiers"].items()]
        yield lookups("cachelayer_lookups", "Look-ups.", ["tier"], tiers)
        routes = [((each["tier"], each["route"]), each) for each in figures_of_routes()]
        yield lookups(
            "cachelayer_route_lookups", "Look-ups by route.", ["tier", "route"], routes
        )
        for event, said in EVENTS.items():
            family = CounterMetricFamily(f"cachelayer_{event}", said, labels=["tier"])
            for names, counts in tiers:
                family.add_metric(names, counts[event])
            yield family
        yield from gauges(cache, host)


def lookups(
    name: str,
    said: str,
    labels: list[str],
    counted: Iterable[tuple[tuple[str, ...], dict[str, Any]]],
) -> Metric:
    family = CounterMetricFamily(name, said, labels=[*labels, "outcome"])
    for names, counts in counted:
        for plural, outcome in OUTCOMES.items():
            family.add_metric([*names, outcome], counts[plural])
    return family


def gauges(cache: Any, host: dict[str, Any]) -> Iterator[Metric]:
    """Sizes are of what this host keeps itself: a shared server says its own."""
    up = float(not cache.out_of_service())
    yield GaugeMetricFamily("cachelayer_up", "0: every read is a bypass.", value=up)
    processes = host["processes"]
    yield GaugeMetricFamily(
        "cachelayer_processes", "Processes that count, alive.", value=processes
    )
    if "size" in host:
        size, held = host["size"], host["bytes"]
        yield GaugeMetricFamily("cachelayer_entries", "Live entries.", value=size)
        yield GaugeMetricFamily("cachelayer_bytes", "About their memory.", value=held)
