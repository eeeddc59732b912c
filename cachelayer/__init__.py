"""A cache without stale entries: tiers by decorator, invalidation by tag on commit."""

import warnings
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
    from cachelayer.invalidation import (
        InvalidatingManager,
        InvalidatingQuerySet,
        invalidates,
    )
    from cachelayer.manager import cache_manager
    from cachelayer.transactions import invalidate_on_commit

# Django imports this package before its settings and models are ready.
MODULES = {
    "InvalidatingManager": "invalidation",
    "InvalidatingQuerySet": "invalidation",
    "add_cache_tags": "decorators",
    "cache_branch_data": "decorators",
    "cache_endpoint": "decorators",
    "cache_global_data": "decorators",
    "cache_user_data": "decorators",
    "cached": "decorators",
    "invalidates": "invalidation",
    "cache_manager": "manager",
    "invalidate_on_commit": "transactions",
}
__all__ = [
    "InvalidatingManager",
    "InvalidatingQuerySet",
    "add_cache_tags",
    "cache_branch_data",
    "cache_endpoint",
    "cache_global_data",
    "cache_manager",
    "cache_user_data",
    "cached",
    "invalidate_on_commit",
    "invalidates",
]


# The former names of renamed objects can be imported for one more release.
FORMER_NAMES = {
    "RetiringManager": "InvalidatingManager",
    "RetiringQuerySet": "InvalidatingQuerySet",
    "retire": "invalidate_on_commit",
}


def __getattr__(name: str) -> Any:
    if name in FORMER_NAMES:
        present = FORMER_NAMES[name]
        message = f"cachelayer.{name} is called {present}"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return __getattr__(present)
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
