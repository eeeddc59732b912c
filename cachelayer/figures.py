"""All that is counted, in one answer; and a low hit rate in the log, once."""

import logging
from time import monotonic
from typing import Any

from cachelayer.options import option
from cachelayer.routes import figures_of_routes, route_counters
from cachelayer.stats import warnings_about, with_rate

logger = logging.getLogger(__name__)


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
        self._next = now + option("PLANE_INTERVAL")
        routes = counters.of_routes()
        total = {
            outcome: sum(route[outcome] for route in routes)
            for outcome in ("hits", "misses")
        }
        found = warnings_about(with_rate(total), " of this host")
        if counters.warn_once(bool(found)):
            logger.warning("cache %s", found[0])


watch = Watch()
