"""OPTIONS of RedisCache: how long to wait, how much to store, where to keep account."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

DEFAULTS: dict[str, Any] = {
    "PREFIX": "cachelayer:",
    "FOLDER": "",
    "TIMEOUT": 0.1,
    "BUDGET": 0.5,
    "RETRY": 1.0,
    "MAX_VALUE": 4 * 2**20,
}


@dataclass(frozen=True)
class RemoteLimits:
    """`timeout`, `budget` and `retry` in seconds, `max_value` in bytes."""

    prefix: str
    folder: Path
    timeout: float
    budget: float
    retry: float
    max_value: int

    @property
    def settling(self) -> float:
        """After an outage: by then every other host has delivered what it owed."""
        return self.retry + 8 * self.timeout

    @classmethod
    def of(cls, options: dict[str, Any]) -> "RemoteLimits":
        """From a backend's OPTIONS; raises ImproperlyConfigured."""
        for name in options.keys() - DEFAULTS.keys():
            known = ", ".join(DEFAULTS)
            raise ImproperlyConfigured(f"There is no option {name!r}, but {known}")
        chosen = {**DEFAULTS, **options}
        if not chosen["FOLDER"]:
            raise ImproperlyConfigured(
                "RedisCache needs the option FOLDER, on a disk of this host: its "
                "processes count there, and note what they could not deliver"
            )
        for name in ("TIMEOUT", "BUDGET", "RETRY", "MAX_VALUE"):
            if not isinstance(chosen[name], int | float) or chosen[name] <= 0:
                raise ImproperlyConfigured(f"{name} is a number above 0")
        if chosen["BUDGET"] < 2 * chosen["TIMEOUT"]:
            raise ImproperlyConfigured("BUDGET is at least twice TIMEOUT")
        chosen["FOLDER"] = Path(chosen["FOLDER"])
        return cls(*(chosen[name] for name in DEFAULTS))
