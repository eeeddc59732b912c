"""How each contender decorates a function that many threads call at once."""

from collections.abc import Callable
from threading import Condition, Lock
from time import sleep
from typing import Any

from django.core.cache import caches

from cachelayer import cache_endpoint

COMPUTING = 0.05
"""Seconds that a computation waits, as a query waits for its database."""


class Computation:
    """A slow function that counts its calls."""

    def __init__(self) -> None:
        self.calls, self._lock = 0, Lock()

    def __call__(self, number: int) -> int:
        with self._lock:
            self.calls += 1
        sleep(COMPUTING)
        return number


Function = Callable[[int], Any]


def by_get_or_set(alias: str) -> Callable[[Computation], Function]:
    def decorate(compute: Computation) -> Function:
        return lambda number: caches[alias].get_or_set(
            f"cold:{number}", lambda: compute(number)
        )

    return decorate


def by_cachelayer(alias: str) -> Callable[[Computation], Function]:
    def decorate(compute: Computation) -> Function:
        @cache_endpoint
        def cold(number: int) -> int:
            return compute(number)

        def call(number: int) -> Any:
            return cold(number)

        return call

    return decorate


def by_cachetools(compute: Computation) -> Function:
    from cachetools import LRUCache, cached

    cold: Function = cached(LRUCache(1000), condition=Condition())(compute)
    return cold


def by_diskcache(compute: Computation) -> Function:
    from diskcache import Lock as DiskLock
    from diskcache import barrier

    cache: Any = caches["diskcache"]

    @barrier(cache.cache("barrier"), DiskLock)
    @cache.memoize(timeout=60)
    def cold(number: int) -> int:
        return compute(number)

    called: Function = cold
    return called


def by_cacheops(compute: Computation) -> Function:
    from cacheops import cached_as

    from taxonomy.models import Category

    @cached_as(Category, timeout=60, lock=True)
    def cold(number: int) -> int:
        return compute(number)

    called: Function = cold
    return called


CONTENDERS: dict[str, tuple[Callable[[Computation], Function], str]] = {
    "MemoryCache": (by_cachelayer("ours-memory"), "ours-memory"),
    "RedisCache": (by_cachelayer("ours-valkey"), "ours-valkey"),
    "LocMemCache `get_or_set`": (by_get_or_set("locmem"), ""),
    "Django's Redis `get_or_set`": (by_get_or_set("core-redis"), ""),
    "django-redis `get_or_set`": (by_get_or_set("django-redis"), ""),
    "cachetools with a condition": (by_cachetools, ""),
    "diskcache `barrier`, `memoize`": (by_diskcache, ""),
    "cacheops with `lock=True`": (by_cacheops, ""),
}
