"""How much a store keeps, and who goes first when that is reached."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from cachelayer.entries import Entry

POLICY: dict[str, Callable[[Entry], Any]] = {
    "lru": lambda entry: entry.used,
    "lfu": lambda entry: (entry.uses, entry.used),
    "fifo": lambda entry: entry.made,
}
DEFAULTS: dict[str, Any] = {
    "MAX_ENTRIES": 10_000,
    "MAX_BYTES": 256 * 2**20,
    "EVICTION_POLICY": "lru",
}


@dataclass(frozen=True)
class Limits:
    """Of one process; `size` in bytes."""

    entries: int
    size: int
    policy: str

    @classmethod
    def of(cls, options: dict[str, Any]) -> "Limits":
        """From a backend's OPTIONS; raises ImproperlyConfigured."""
        for name in options.keys() - DEFAULTS.keys():
            known = ", ".join(DEFAULTS)
            raise ImproperlyConfigured(f"There is no option {name!r}, but {known}")
        chosen = {**DEFAULTS, **options}
        for name in ("MAX_ENTRIES", "MAX_BYTES"):
            if not isinstance(chosen[name], int) or chosen[name] < 1:
                raise ImproperlyConfigured(f"{name} is a number above 0")
        if chosen["EVICTION_POLICY"] not in POLICY:
            raise ImproperlyConfigured(f"EVICTION_POLICY is one of {', '.join(POLICY)}")
        return cls(*(chosen[name] for name in DEFAULTS))
