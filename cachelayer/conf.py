"""The one setting, CACHELAYER, and its defaults."""

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    "ALIAS": "default",
    "DEFAULT_TTL": 300,
    "GLOBAL_TTL": 300,
    "USER_TTL": 120,
    "BRANCH_TTL": 600,
    "PATH_PREFIX": "",
    "LOW_HIT_RATE": 0.7,
    "KEPT_HEADERS": (),  # of the project's own, besides the usual ones
    "AUDIENCE": "cachelayer.http.audience",
    "STRICT_SHARED_TIER": False,
    "FLIGHT_WAIT": 5.0,
    "STATISTICS_FOLDER": "",  # where the host's processes count calls by route
    "PLANE_INTERVAL": 60,
}


def option(name: str) -> Any:
    return getattr(settings, "CACHELAYER", {}).get(name, DEFAULTS[name])


def ttl_of(tier: str) -> float:
    """Seconds an entry of this tier lives when its decorator names none."""
    named = "DEFAULT_TTL" if tier in ("endpoint", "raw") else f"{tier.upper()}_TTL"
    return float(option(named))
