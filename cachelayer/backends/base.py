"""TagCache: Django's cache API, with tags and tokens for the decorators."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from cachelayer.entries import FreshEntry, Unstorable
from cachelayer.keys import path_of, path_tags, widen
from cachelayer.stamps import slot
from cachelayer.transactions import Reading

logger = logging.getLogger(__name__)
Token = Any
"""A backend's own type. Equal tokens were taken at the same epoch."""


def in_one_call(name: str) -> Callable[..., Any]:
    """The asynchronous variant of a method: one call on the database's thread.

    The variants of BaseCache have several steps, between which a value could be lost or
    invalidated. A callable default is called on that thread, too.
    """

    async def method(cache: Any, *args: Any, **options: Any) -> Any:
        return await sync_to_async(getattr(cache, name))(*args, **options)

    method.__name__ = f"a{name}"
    return method


class TagCache(BaseCache):
    """A cache whose entries are invalidated by tag.

    An entry has the slots of its tags and the epoch at which it is fresh. lookup()
    returns a token, and fill() takes it: see the module stamps.
    """

    aget_many = in_one_call("get_many")
    aset_many = in_one_call("set_many")
    adelete_many = in_one_call("delete_many")
    aget_or_set = in_one_call("get_or_set")
    ahas_key = in_one_call("has_key")
    aincr = in_one_call("incr")
    aincr_version = in_one_call("incr_version")
    aclose = in_one_call("close")

    # Methods that each backend implements.

    def token(self) -> Token | None:
        """The token for a value that will be computed now; None: do not store it."""
        raise NotImplementedError

    def invalidate_tags(self, tags: Iterable[str]) -> Token | None:
        """Invalidate these tags, and return the first token after it."""
        raise NotImplementedError

    def invalidate_all(self) -> None:
        """Invalidate everything, on behalf of a process that was killed."""
        raise NotImplementedError

    def count(self, tier: str, event: str) -> None:
        raise NotImplementedError

    def out_of_service(self) -> bool:
        """Whether nothing may be read or stored now."""
        raise NotImplementedError

    def why_out_of_service(self) -> str:
        """The reason, for an operator."""
        raise NotImplementedError

    def refresh_host(self) -> None:
        """Once in an interval: announce this host in the database."""

    def get_stats(self) -> dict[str, Any]:
        """Counts of this process; under `host` those of all, under `tiers` by tier."""
        raise NotImplementedError

    def host_stats(self) -> dict[str, Any]:
        """Counts of this host's processes; `size` and `bytes` if it keeps values."""
        raise NotImplementedError

    def lookup(
        self, key: str, version: int | None = None
    ) -> tuple[Token | None, FreshEntry | None]:
        """The entry, and the token at which to compute the value if there is none."""
        raise NotImplementedError

    def _find(self, key: str, version: int | None) -> FreshEntry | None:
        raise NotImplementedError

    def _store(
        self,
        key: str,
        value: Any,
        token: Token | None,
        ttl: float | None,
        *,
        version: int | None = None,
        slots: Iterable[int] = (),
        tier: str = "raw",
    ) -> bool:
        """Store a value computed since the token. False: it cannot be found now."""
        raise NotImplementedError

    # Methods for the decorators and cache_manager.

    def tag_of(self, key: str, version: int | None = None) -> str:
        """The tag that invalidates this key alone."""
        return f"key:{self.make_key(key, version)}"

    def find(self, key: str) -> FreshEntry | None:
        """The entry, if it is fresh."""
        return self._find(key, None)

    def fill(
        self,
        key: str,
        value: Any,
        *,
        token: Token | None,
        slots: Iterable[int],
        ttl: float | None,
        tier: str,
    ) -> bool:
        """Store a value computed since the token. False: it was not stored.

        If one of its tags has been invalidated since, it will not be found. A value of
        a type that cannot be stored is reported in the log.
        """
        try:
            return self._store(key, value, token, ttl, slots=slots, tier=tier)
        except Unstorable as error:
            logger.warning("cache value not stored: key=%s error=%s", key, error)
            return False

    def invalidate_pattern(self, pattern: str) -> None:
        """Invalidate what the pattern covers; the cost does not depend on the size."""
        self.invalidate_tags([widen(pattern)])

    def stores_a_probe(self) -> bool:
        """Whether a value can be stored and read back, without effects or counts."""
        self._store("/probe", 1, self.token(), 1.0)
        return self._find("/probe", None) is not None

    # Django's cache API.

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        entry = self._find(key, version)
        self.count("raw", "misses" if entry is None else "hits")
        return default if entry is None else entry.load()

    def has_key(self, key: str, version: int | None = None) -> bool:
        return self._find(key, version) is not None

    def set(
        self,
        key: str,
        value: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        self._replace(key, value, self._ttl(timeout), version)

    def set_many(
        self,
        data: Mapping[str, Any],
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> list[str]:
        """The keys that were not stored: too large, or the cache is out of service."""
        ttl = self._ttl(timeout)
        return [
            key
            for key, value in data.items()
            if not self._replace(key, value, ttl, version)
        ]

    def get_or_set(
        self,
        key: str,
        default: Any | Callable[[], Any],
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> Any:
        """As Django's, but a value invalidated while it was computed is not stored."""
        token, entry = self.lookup(key, version)
        self.count("raw", "misses" if entry is None else "hits")
        if entry is not None:
            return entry.load()
        reading = Reading()
        value = default() if callable(default) else default
        if reading.committed():
            self.validate_key(self.make_key(key, version))
            self._store(key, value, token, self._ttl(timeout), version=version)
        return value

    def _replace(
        self, key: str, value: Any, ttl: float | None, version: int | None
    ) -> bool:
        """Invalidate all copies of the key, then store the value. False: not stored.

        Keys are validated here: on writes only.
        """
        self.validate_key(self.make_key(key, version))
        token = self.invalidate_tags([self.tag_of(key, version)])
        return self._store(key, value, token, ttl, version=version)

    def _slots(self, key: str, version: int | None) -> frozenset[int]:
        """The slots of the tags that any entry under this key has."""
        tags = [self.tag_of(key, version), *path_tags(path_of(str(key)))]
        return frozenset(map(slot, tags))

    def _ttl(self, timeout: Any) -> float | None:
        """In seconds; 0 or less is expired already, None never expires."""
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if seconds is None else float(seconds)
