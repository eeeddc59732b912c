"""All caches that store a value under a key, by their names on the page."""

from threading import Lock
from typing import Any, Protocol

from django.core.cache import caches

OURS = ("MemoryCache", "RedisCache")
LIMIT = "a plain dict (the limit)"
BY_REFERENCE = (LIMIT, "cachetools")


class Cache(Protocol):
    def get(self, key: str) -> Any: ...

    def set(self, key: str, value: Any) -> Any: ...


class Dict(dict[str, Any]):
    def set(self, key: str, value: Any) -> None:
        self[key] = value


class Locked:
    """cachetools with a lock, as its documentation recommends for threads."""

    def __init__(self) -> None:
        from cachetools import LRUCache

        self._cache, self._lock = LRUCache(maxsize=10_000), Lock()

    def get(self, key: str) -> Any:
        with self._lock:
            return self._cache.get(key)

    def set(self, key: str, value: Any) -> None:
        with self._lock:
            self._cache[key] = value


def memory_caches() -> dict[str, Cache]:
    """Caches that keep values in the process."""
    return {
        LIMIT: Dict(),
        "MemoryCache": caches["ours-memory"],
        "LocMemCache": caches["locmem"],
        "cachetools": Locked(),
    }


def remote_caches() -> dict[str, Cache]:
    """Caches that keep values in a server or in a file."""
    from cacheops import cache as cacheops

    return {
        "RedisCache": caches["ours-valkey"],
        "Django's Redis": caches["core-redis"],
        "django-redis": caches["django-redis"],
        "cacheops": cacheops,
        "diskcache": caches["diskcache"],
    }
