"""A cache that is not stale: tiers by decorator, invalidation by tag on commit."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cachelayer.declarations import (
        RetiringManager,
        RetiringQuerySet,
        invalidates,
    )
    from cachelayer.manager import cache_manager
    from cachelayer.transactions import retire

# Django imports this package before its settings and models are ready.
DOORS = {
    "RetiringManager": "declarations",
    "RetiringQuerySet": "declarations",
    "invalidates": "declarations",
    "cache_manager": "manager",
    "retire": "transactions",
}
__all__ = [
    "RetiringManager",
    "RetiringQuerySet",
    "cache_manager",
    "invalidates",
    "retire",
]


def __getattr__(name: str) -> Any:
    if name not in DOORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{DOORS[name]}"), name)
