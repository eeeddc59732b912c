"""Metrics of the cache for Prometheus, for all processes of this host.

They are read at each scrape from the files in which the processes count, so that every
process of the host gives the same answer.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from cachelayer.stats import route_stats
from cachelayer.transactions import backend

OUTCOMES = {"hits": "hit", "misses": "miss", "bypasses": "bypass"}
EVENTS = {
    "sets": "Entries stored.",
    "evictions": "Entries dropped because of a limit.",
    "invalidations": "Look-ups that met an invalidated entry.",
    "expired": "Look-ups that met an expired entry.",
}


class CacheCollector(Collector):
    """Register it once. Routes are named by their URL patterns."""

    def collect(self) -> Iterator[Metric]:
        cache = backend()
        host = cache.host_stats()
        tiers = [((tier,), counts) for tier, counts in host["tiers"].items()]
        yield lookup_metric("cachelayer_lookups", "Look-ups.", ["tier"], tiers)
        routes = [((each["tier"], each["route"]), each) for each in route_stats()]
        yield lookup_metric(
            "cachelayer_route_lookups", "Look-ups by route.", ["tier", "route"], routes
        )
        for event, description in EVENTS.items():
            family = CounterMetricFamily(
                f"cachelayer_{event}", description, labels=["tier"]
            )
            for label_values, counts in tiers:
                family.add_metric(label_values, counts[event])
            yield family
        yield from gauges(cache, host)


def lookup_metric(
    name: str,
    description: str,
    labels: list[str],
    rows: Iterable[tuple[tuple[str, ...], dict[str, Any]]],
) -> Metric:
    """A counter by `labels` and outcome; `rows` are (label values, counts)."""
    family = CounterMetricFamily(name, description, labels=[*labels, "outcome"])
    for label_values, counts in rows:
        for count_key, outcome in OUTCOMES.items():
            family.add_metric([*label_values, outcome], counts[count_key])
    return family


def gauges(cache: Any, host: dict[str, Any]) -> Iterator[Metric]:
    """Sizes are those of this host's memory; a shared server has its own metrics."""
    up = float(not cache.out_of_service())
    yield GaugeMetricFamily(
        "cachelayer_up", "0 while every read is a bypass.", value=up
    )
    processes = host["processes"]
    yield GaugeMetricFamily(
        "cachelayer_processes", "Living processes with counts.", value=processes
    )
    if "size" in host:
        yield GaugeMetricFamily(
            "cachelayer_entries", "Live entries.", value=host["size"]
        )
        yield GaugeMetricFamily(
            "cachelayer_bytes", "About how much memory they take.", value=host["bytes"]
        )
