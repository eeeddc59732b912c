"""What the backends share: tags, and the methods that are made of others."""

from collections.abc import Callable, Mapping
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from cachelayer import keys, patterns
from cachelayer.backends.seam import Seam
from cachelayer.backends.twins import Twins
from cachelayer.stamps import slot
from cachelayer.transactions import Reading


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
        token = self.retire([self.tag_of(key, version)])
        return self._store(key, value, token, ttl, version=version)

    def _slots(self, key: str, version: int | None) -> frozenset[int]:
        """Of the tags that any entry under this key has."""
        tags = [self.tag_of(key, version), *patterns.path_tags(keys.path_of(str(key)))]
        return frozenset(map(slot, tags))

    def _ttl(self, timeout: Any) -> float | None:
        """Seconds; 0 or less is already expired, None never expires."""
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if seconds is None else float(seconds)
