"""`cache_manager` gets, sets and invalidates values; functions for operators.

The functions for operators log who called them.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.db import connections

from cachelayer import transactions
from cachelayer.conf import option, ttl_of
from cachelayer.keys import ROOT, path_of, path_tags, strip_prefix, widen
from cachelayer.stamps import slot
from cachelayer.stats import complete_stats
from cachelayer.transactions import depend_on, dependencies

logger = logging.getLogger(__name__)
OPERATE = "cachelayer.operate_cache"
"""The permission of operators."""
MISSING = object()


class CacheManager:
    """Values by key text.

    A thread with uncommitted changes does not read the cache, and in a transaction
    nothing is stored. An invalidation in a transaction takes effect at once and again
    on commit. A decorated function that reads a value depends on it: what invalidates
    the value invalidates the function's entry, too.
    """

    def get(self, key: str, default: Any = None) -> Any:
        backend = transactions.backend()
        backend.refresh_host()
        if transactions.dirty():
            backend.count("raw", "bypasses")
            return default
        _depend_on_key(backend, key)
        return backend.get(key, default)

    def set(self, key: str, value: Any, ttl: float | None = MISSING) -> None:  # type: ignore[assignment]
        """Set a value for `ttl` seconds, by default DEFAULT_TTL; None: no limit."""
        if transactions.in_transaction():  # which may be rolled back
            self.invalidate(key)
            return
        transactions.backend().set(key, value, _seconds(ttl))

    def get_or_set(
        self,
        key: str,
        compute: Callable[[], Any],
        ttl: float | None = MISSING,  # type: ignore[assignment]
    ) -> Any:
        backend = transactions.backend()
        backend.refresh_host()
        if transactions.dirty():
            backend.count("raw", "bypasses")
            return compute()
        _depend_on_key(backend, key)
        return backend.get_or_set(key, compute, _seconds(ttl))

    def invalidate(self, key: str) -> None:
        backend = transactions.backend()
        backend.delete(key)
        self._again_on_commit(backend.tag_of(key))

    def invalidate_pattern(self, pattern: str) -> None:
        """Invalidate what the pattern covers: `/a/*`, `/a`, or a wider `re:…`."""
        transactions.invalidate_now([widen(pattern)])
        self._again_on_commit(pattern)

    def clear(self) -> None:
        transactions.backend().clear()
        self._again_on_commit(ROOT)

    def get_stats(self) -> dict[str, Any]:
        """Counts of this process, of the `host`, by `tiers` and by `routes`.

        `warnings` are for an operator.
        """
        return complete_stats(transactions.backend().get_stats())

    def _again_on_commit(self, pattern: str) -> None:
        """Invalidate again on commit: until then, others may store former values."""
        for connection in connections.all(initialized_only=True):
            transactions.mark(pattern, using=connection.alias)


def _depend_on_key(backend: Any, key: str) -> None:
    """Make the value that is being computed depend on this key."""
    if dependencies.get() is not None:
        tags = [backend.tag_of(key), *path_tags(path_of(key))]
        depend_on(set(map(slot, tags)))


def _seconds(ttl: Any) -> float | None:
    return ttl_of("raw") if ttl is MISSING else ttl


cache_manager = CacheManager()


def invalidate_pattern(pattern: str, *, by: object) -> str:
    """Invalidate what the pattern covers, and return the tag that this invalidated.

    The pattern may have the PATH_PREFIX or not.
    """
    pattern = strip_prefix(pattern, option("PATH_PREFIX"))
    cache_manager.invalidate_pattern(pattern)
    tag = widen(pattern)
    logger.info("cache invalidated pattern=%r tag=%r by=%s", pattern, tag, by)
    return tag


def invalidate_key(key: str, *, by: object) -> str:
    """Invalidate the entry with this key text, and return its tag."""
    tag = transactions.backend().tag_of(key)
    cache_manager.invalidate_pattern(tag)
    logger.info("cache invalidated key=%r by=%s", key, by)
    return str(tag)


def clear(*, by: object) -> str:
    """Invalidate everything, and return the tag that covers everything."""
    cache_manager.clear()
    logger.info("cache cleared by=%s", by)
    return ROOT
