"""MemoryCache: values in each process, invalidation host-wide."""

from collections.abc import Iterable
from time import monotonic
from typing import Any

from django.core.cache.backends import base
from django.core.exceptions import ImproperlyConfigured

from cachelayer import patterns, planes
from cachelayer.backends.base import TagCache
from cachelayer.backends.seam import Token
from cachelayer.entries import Entry
from cachelayer.limits import Limits
from cachelayer.sharing import store_at
from cachelayer.stats import RAW_HIT, warnings_about


class MemoryCache(TagCache):
    """LOCATION: the folder of the host's stamp file, the same for all processes.

    OPTIONS: MAX_ENTRIES, MAX_BYTES (of each process), EVICTION_POLICY lru|lfu|fifo.
    Values that are not plain are pickled, so that a reader gets its own copy. What
    one process sets, deletes, increments or touches, the others forget.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        if not location:
            raise ImproperlyConfigured("MemoryCache needs LOCATION, its stamps' folder")
        self.store = store_at(str(location), Limits.of(params.get("OPTIONS", {})))
        self.stamps = self.store.stamps
        plain = self.key_func is base.default_key_func
        self._opening = f"{self.key_prefix}:{self.version}:" if plain else ""

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """Short: the way to a value is most of what it costs."""
        plain = version is None and self._opening
        made = f"{self._opening}{key}" if plain else self.make_key(key, version)
        entry = self.store.at_hand(made)
        if entry is None:
            return super().get(key, default, version)
        self.store.counters.tally(RAW_HIT)
        return entry.load() if entry.packed else entry.value

    def token(self) -> int:
        return self.stamps.epoch()

    def retire(self, tags: Iterable[str]) -> int:
        return self.stamps.bump(tags)

    def retire_all(self) -> None:
        self.stamps.bump_all()

    def count(self, tier: str, event: str) -> None:
        self.store.counters.add(tier, event)

    def out_of_service(self) -> bool:
        """Our stamps miss another host's writes, or cannot be reached."""
        return not self.stamps.usable() or planes.conflicting(self.stamps)

    def why_out_of_service(self) -> str:
        return self.stamps.failure or planes.reason(planes.other_planes(self.stamps))

    def refresh_plane(self) -> None:
        planes.refresh_if_due(self.stamps)

    def host_figures(self) -> dict[str, Any]:
        return self.store.counters.of_host()

    def get_stats(self) -> dict[str, Any]:
        size, found = self.store.sweep(), self.store.counters.of_process()
        return {
            **found,
            "size": size,
            "bytes": self.store.bytes,
            "max_entries": self.store.limits.entries,
            "max_bytes": self.store.limits.size,
            "host": self.host_figures(),
            "warnings": warnings_about(found),
        }

    def add(
        self,
        key: str,
        value: Any,
        timeout: Any = base.DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        """Not a lock across processes: each looks at its own copies only."""
        with self.store.lock:
            if absent := not self.has_key(key, version):
                self.set(key, value, timeout, version)
            return absent

    def touch(
        self, key: str, timeout: Any = base.DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        with self.store.lock:
            if entry := self._find(key, version):
                self.set(key, entry.load(), timeout, version)
            return entry is not None

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        with self.store.lock:
            entry = self._find(key, version)
            if entry is None:
                raise ValueError(f"Key {key!r} not found")
            value: int = entry.load() + delta
            self._replace(key, value, entry.expires_at - monotonic(), version)
            return value

    def delete(self, key: str, version: int | None = None) -> bool:
        with self.store.lock:
            found = self.has_key(key, version)
            self.retire([self.tag_of(key, version)])
            self.store.drop(self.make_and_validate_key(key, version))
            return found

    def clear(self) -> None:
        """Retire everything on this host."""
        self.retire([patterns.ROOT])
        self.store.sweep()

    def _find(self, key: str, version: int | None) -> Entry | None:
        if self.out_of_service():
            return None
        made = self.make_key(key, version)
        return self.store.at_hand(made) or self.store.find(made)

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
        if self.out_of_service() or token is None:
            return False
        every = tuple(self._slots(key, version) | set(slots))
        made = self.make_key(key, version)
        entry = Entry(made, value, tier=tier, stamp=token, slots=every, ttl=ttl)
        return self.store.keep(entry)
