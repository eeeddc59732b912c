"""A cache that is not stale: tiers by decorator, invalidation by tag on commit."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cachelayer.decorators import (
        add_cache_tags,
        cache_branch_data,
        cache_endpoint,
        cache_global_data,
        cache_user_data,
        cached,
    )
    from cachelayer.invalidation import RetiringManager, RetiringQuerySet, invalidates
    from cachelayer.manager import cache_manager
    from cachelayer.transactions import retire

# Django imports this package before its settings and models are ready.
DOORS = {
    "RetiringManager": "invalidation",
    "RetiringQuerySet": "invalidation",
    "add_cache_tags": "decorators",
    "cache_branch_data": "decorators",
    "cache_endpoint": "decorators",
    "cache_global_data": "decorators",
    "cache_user_data": "decorators",
    "cached": "decorators",
    "invalidates": "invalidation",
    "cache_manager": "manager",
    "retire": "transactions",
}
__all__ = [
    "RetiringManager",
    "RetiringQuerySet",
    "add_cache_tags",
    "cache_branch_data",
    "cache_endpoint",
    "cache_global_data",
    "cache_manager",
    "cache_user_data",
    "cached",
    "invalidates",
    "retire",
]


def __getattr__(name: str) -> Any:
    if name not in DOORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{DOORS[name]}"), name)
