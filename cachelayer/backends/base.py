"""What the backends share: tags, and the methods that are made of others."""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from cachelayer import keys, patterns
from cachelayer.entries import Entry
from cachelayer.stamps import slot
from cachelayer.transactions import Reading


class TagCache(BaseCache):
    """Entries retire by tag: they carry slots and the epoch they are fresh at."""

    # What the decorators and cache_manager use.

    def token(self) -> int:
        """The epoch of a value that is about to be computed."""
        raise NotImplementedError

    def find(self, key: str) -> Entry | None:
        """The entry, if it is fresh; count it."""
        return self._find(key, None)

    def fill(
        self,
        key: str,
        value: Any,
        *,
        token: int,
        slots: Iterable[int],
        ttl: float | None,
        tier: str,
    ) -> None:
        """Store what was computed since the token, unless its tags retired since."""
        self._store(key, value, token, ttl, slots=slots, tier=tier)

    def retire(self, tags: Iterable[str]) -> int:
        """Retire these tags; returns the epoch from which that counts."""
        raise NotImplementedError

    def retire_all(self) -> None:
        """For whoever reaps a process that was killed."""
        raise NotImplementedError

    def count(self, tier: str, event: str) -> None:
        raise NotImplementedError

    def out_of_service(self) -> bool:
        """Whether nothing may be read or stored at present."""
        raise NotImplementedError

    def refresh_plane(self) -> None:
        """Once an interval: tell the database that this host is here."""

    def get_stats(self) -> dict[str, Any]:
        """This process's counts; `host` has those of all, `tiers` each by tier."""
        raise NotImplementedError

    def invalidate_pattern(self, pattern: str) -> None:
        """Retire all that the pattern covers; its cost does not grow with the cache."""
        self.retire([patterns.widen(pattern)])

    def tag_of(self, key: str, version: int | None = None) -> str:
        """The tag that retires this key alone."""
        return f"key:{self.make_key(key, version)}"

    # Django's methods.

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

    def get_or_set(
        self,
        key: str,
        default: Any | Callable[[], Any],
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> Any:
        """Like Django's, but a value retired while it was computed is not kept."""
        found = self.get(key, self._missing_key, version)
        if found is not self._missing_key:
            return found
        token, reading = self.token(), Reading()
        value = default() if callable(default) else default
        if reading.committed():
            self.validate_key(self.make_key(key, version))
            self._store(key, value, token, self._ttl(timeout), version=version)
        return value

    def _find(self, key: str, version: int | None) -> Entry | None:
        raise NotImplementedError

    def _replace(
        self, key: str, value: Any, ttl: float | None, version: int | None
    ) -> None:
        """Store it by hand: other copies retire first. Keys are validated here."""
        self.validate_key(self.make_key(key, version))
        stamp = self.retire([self.tag_of(key, version)])
        self._store(key, value, stamp, ttl, version=version)

    def _store(
        self,
        key: str,
        value: Any,
        stamp: int,
        ttl: float | None,
        *,
        version: int | None = None,
        slots: Iterable[int] = (),
        tier: str = "raw",
    ) -> None:
        raise NotImplementedError

    def _slots(self, key: str, version: int | None) -> frozenset[int]:
        """Of the tags that any entry under this key has."""
        tags = [self.tag_of(key, version), *patterns.path_tags(keys.path_of(key))]
        return frozenset(map(slot, tags))

    def _ttl(self, timeout: Any) -> float | None:
        """Seconds; 0 or less is already expired, None never expires."""
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if seconds is None else float(seconds)
