"""cache_manager: the cache by hand, under the promises of the decorators.

What operators do with it is logged with their names.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.db import connections

from cachelayer import transactions
from cachelayer.conf import option, ttl_of
from cachelayer.entries import collect, collecting
from cachelayer.keys import ROOT, path_of, path_tags, strip_prefix, widen
from cachelayer.stamps import slot
from cachelayer.stats import everything

MISSING = object()


class CacheManager:
    """Values by key text. A connection that has uncommitted changes does not read,
    one within a transaction does not fill; what it retires counts at once and again
    when it commits. What is read in a decorated function retires its value too."""

    def get(self, key: str, default: Any = None) -> Any:
        backend = transactions.backend()
        backend.refresh_host()
        if transactions.dirty():
            backend.count("raw", "bypasses")
            return default
        _depend_on(backend, key)
        return backend.get(key, default)

    def set(self, key: str, value: Any, ttl: float | None = MISSING) -> None:  # type: ignore[assignment]
        """ttl in seconds, DEFAULT_TTL unless given; None: until it is retired."""
        if transactions.in_transaction():  # which may be undone
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
        _depend_on(backend, key)
        return backend.get_or_set(key, compute, _seconds(ttl))

    def invalidate(self, key: str) -> None:
        backend = transactions.backend()
        backend.delete(key)
        self._again_on_commit(backend.tag_of(key))

    def invalidate_pattern(self, pattern: str) -> None:
        """Retire what the pattern covers: `/a/*`, `/a`, or a wider `re:…`."""
        transactions.bump([widen(pattern)])
        self._again_on_commit(pattern)

    def clear(self) -> None:
        transactions.backend().clear()
        self._again_on_commit(ROOT)

    def get_stats(self) -> dict[str, Any]:
        """Counts of this process, of the `host`, of each of the `tiers` and `routes`;
        `warnings` name what an operator should look at."""
        return everything(transactions.backend().get_stats())

    def _again_on_commit(self, pattern: str) -> None:
        for connection in connections.all(initialized_only=True):
            transactions.mark(pattern, using=connection.alias)


def _depend_on(backend: Any, key: str) -> None:
    """A value that is being computed around us retires with what it has read."""
    if collecting.get() is not None:
        tags = [backend.tag_of(key), *path_tags(path_of(key))]
        collect(set(map(slot, tags)))


def _seconds(ttl: Any) -> float | None:
    return ttl_of("raw") if ttl is MISSING else ttl


cache_manager = CacheManager()


logger = logging.getLogger(__name__)
OPERATE = "cachelayer.operate_cache"


def invalidate_pattern(pattern: str, *, by: object) -> str:
    """Retire what the pattern covers; returns the tag that was retired for it.

    A full path, with the PATH_PREFIX, means the same as without.
    """
    pattern = strip_prefix(pattern, option("PATH_PREFIX"))
    cache_manager.invalidate_pattern(pattern)
    tag = widen(pattern)
    logger.info("cache invalidated pattern=%r tag=%r by=%s", pattern, tag, by)
    return tag


def invalidate_key(key: str, *, by: object) -> str:
    """Retire the one entry that has this key text; returns its tag."""
    tag = transactions.backend().tag_of(key)
    cache_manager.invalidate_pattern(tag)
    logger.info("cache invalidated key=%r by=%s", key, by)
    return str(tag)


def clear(*, by: object) -> str:
    cache_manager.clear()
    logger.info("cache cleared by=%s", by)
    return ROOT
