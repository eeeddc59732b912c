"""The setting CACHELAYER: its options and their defaults."""

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
    "KEPT_HEADERS": (),  # stored with a response besides the usual ones
    "AUDIENCE": "cachelayer.http.audience",
    "STRICT_SHARED_TIER": False,
    "SINGLE_FLIGHT_WAIT": 5.0,
    "STATISTICS_FOLDER": "",  # where the host's processes count calls by route
    "HOST_INTERVAL": 60,
}
FORMER_NAMES = {"SINGLE_FLIGHT_WAIT": "FLIGHT_WAIT", "HOST_INTERVAL": "PLANE_INTERVAL"}
"""Former names of renamed options, which are read for one more release."""


def option(name: str) -> Any:
    """The value of the option in the settings, or its default."""
    options = getattr(settings, "CACHELAYER", {})
    if name in options:
        return options[name]
    return options.get(FORMER_NAMES.get(name), DEFAULTS[name])


def ttl_of(tier: str) -> float:
    """The lifetime, in seconds, of entries in this tier whose decorator sets none."""
    name = "DEFAULT_TTL" if tier in ("endpoint", "raw") else f"{tier.upper()}_TTL"
    return float(option(name))
