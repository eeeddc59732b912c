"""TagCache: the cache API of Django, and tags and tokens for the decorators."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from cachelayer import keys
from cachelayer.entries import Found, Unstorable
from cachelayer.stamps import slot
from cachelayer.transactions import Reading

logger = logging.getLogger(__name__)
Token = Any  # a backend's own; equal ones were taken at one moment


class Seam:
    """Look-ups give tokens, fills take them, tags retire."""

    def token(self) -> Token | None:
        """The moment of a value that is about to be computed; None: do not keep it."""
        raise NotImplementedError

    def find(self, key: str) -> Found | None:
        """The entry, if it is fresh."""
        return self._find(key, None)

    def lookup(
        self, key: str, version: int | None = None
    ) -> tuple[Token | None, Found | None]:
        """The entry, and a token for when there is none."""
        token = self.token()
        return token, self._find(key, version)

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
        """Store what was computed since the token, unless its tags retired since.

        Whether it is kept: a value that cannot be stored is a line in the log.
        """
        try:
            return self._store(key, value, token, ttl, slots=slots, tier=tier)
        except Unstorable as error:
            logger.warning("cache value not kept: key=%s error=%s", key, error)
            return False

    def invalidate_tags(self, tags: Iterable[str]) -> Token | None:
        """Retire these tags; returns the moment from which that counts."""
        raise NotImplementedError

    def invalidate_all(self) -> None:
        """For whoever reaps a process that was killed."""
        raise NotImplementedError

    def count(self, tier: str, event: str) -> None:
        raise NotImplementedError

    def out_of_service(self) -> bool:
        """Whether nothing may be read or stored at present."""
        raise NotImplementedError

    def why_out_of_service(self) -> str:
        """For an operator."""
        raise NotImplementedError

    def keeps_what_it_is_given(self) -> bool:
        """Whether a value can be read back; neither retires nor counts a look-up."""
        self._store("/probe", 1, self.token(), 1.0)
        return self._find("/probe", None) is not None

    def refresh_host(self) -> None:
        """Once an interval: tell the database that this host is here."""

    def get_stats(self) -> dict[str, Any]:
        """This process's counts; `host` has those of all, `tiers` each by tier."""
        raise NotImplementedError

    def host_figures(self) -> dict[str, Any]:
        """Counts of all processes of this host; `size` and `bytes` if it keeps any."""
        raise NotImplementedError

    def invalidate_pattern(self, pattern: str) -> None:
        """Retire all that the pattern covers; its cost does not grow with the cache."""
        self.invalidate_tags([keys.widen(pattern)])

    def _find(self, key: str, version: int | None) -> Found | None:
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
        """Whether it may be found from now on."""
        raise NotImplementedError


def twin(name: str) -> Callable[..., Any]:
    async def method(cache: Any, *args: Any, **options: Any) -> Any:
        return await sync_to_async(getattr(cache, name))(*args, **options)

    method.__name__ = f"a{name}"
    return method


class Twins:
    """What a backend inherits before BaseCache."""

    aget_many = twin("get_many")
    aset_many = twin("set_many")
    adelete_many = twin("delete_many")
    aget_or_set = twin("get_or_set")
    ahas_key = twin("has_key")
    aincr = twin("incr")
    aincr_version = twin("incr_version")
    aclose = twin("close")


class TagCache(Seam, Twins, BaseCache):
    """Entries retire by tag: they carry slots and the epoch they are fresh at."""

    def tag_of(self, key: str, version: int | None = None) -> str:
        """The tag that retires this key alone."""
        return f"key:{self.make_key(key, version)}"

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
        """Returns the keys of what was not stored: too large, or out of service."""
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
        """Like Django's, but a value retired while it was computed is not kept."""
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
        """Store it by hand: other copies retire first. Keys are validated here."""
        self.validate_key(self.make_key(key, version))
        token = self.invalidate_tags([self.tag_of(key, version)])
        return self._store(key, value, token, ttl, version=version)

    def _slots(self, key: str, version: int | None) -> frozenset[int]:
        """Of the tags that any entry under this key has."""
        tags = [self.tag_of(key, version), *keys.path_tags(keys.path_of(str(key)))]
        return frozenset(map(slot, tags))

    def _ttl(self, timeout: Any) -> float | None:
        """Seconds; 0 or less is already expired, None never expires."""
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if seconds is None else float(seconds)
