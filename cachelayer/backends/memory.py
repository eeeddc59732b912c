"""MemoryCache: values in each process, invalidation host-wide."""

from collections.abc import Iterable
from time import monotonic
from typing import Any

from django.core.cache.backends import base
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.exceptions import ImproperlyConfigured

from cachelayer import hosts, keys
from cachelayer.backends.base import TagCache, Token
from cachelayer.entries import Entry, Place
from cachelayer.stamps import EPOCH
from cachelayer.stats import warnings_about
from cachelayer.store import Limits, Store, store_at


class InProcess(TagCache):
    """Values in a Store: what one process changes, the others forget."""

    store: Store
    plain: bool
    """Entries stand under the very keys that callers write, at the usual version."""

    def add(
        self,
        key: str,
        value: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        """Not a lock across processes: each looks at its own copies only."""
        with self.store.lock:
            if absent := not self.has_key(key, version):
                self.set(key, value, timeout, version)
            return absent

    def touch(
        self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
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
            self.invalidate_tags([self.tag_of(key, version)])
            self.validate_key(self.make_key(key, version))
            self.store.drop(self._place(key, version))
            return found

    def _find(self, key: str, version: int | None) -> Entry | None:
        place = self._place(key, version)
        return None if self.out_of_service() else self.store.find(place)

    def _place(self, key: str, version: int | None) -> Place:
        """Nothing has to be made for the keys that most calls mean."""
        if self.plain and version in (None, self.version):
            return str(key)
        return (self.make_key(key, version),)


class MemoryCache(InProcess):
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
        made_as_usual = self.key_func is base.default_key_func
        self.plain = made_as_usual and self.store.belongs_to(self.make_key(""))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """Most hits end in the first lines, so nothing is called that is not needed:
        nothing at all was retired since the entry was last found. That the stamps are
        in reach, and no other plane there, need not be asked: else all is retired. Keys
        of other types may be equal to a text and stand elsewhere."""
        store = self.store
        if (
            self.plain
            and version is None
            and type(key) is str
            and (entry := store.entries.get(key)) is not None
            and entry.stamp == store.stamps.words[EPOCH]
            and entry.expires_at > (now := monotonic()) < store.look_at
        ):
            entry.used = now
            entry.uses += 1
            store.hits += 1
            return entry.load() if entry.packed else entry.value
        return super().get(key, default, version)

    def token(self) -> int:
        return self.stamps.epoch()

    def invalidate_tags(self, tags: Iterable[str]) -> int:
        return self.stamps.bump(tags)

    def invalidate_all(self) -> None:
        self.stamps.bump_all()

    def count(self, tier: str, event: str) -> None:
        self.store.counters.add(tier, event)

    def out_of_service(self) -> bool:
        """Our stamps miss another host's writes, or cannot be reached."""
        return not self.stamps.usable() or hosts.conflicting(self.stamps)

    def why_out_of_service(self) -> str:
        return self.stamps.failure or hosts.reason(hosts.other_hosts(self.stamps))

    def refresh_host(self) -> None:
        hosts.refresh_if_due(self.stamps)

    def host_figures(self) -> dict[str, Any]:
        self.store.tell()
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

    def clear(self) -> None:
        """Retire everything on this host."""
        self.invalidate_tags([keys.ROOT])
        self.store.sweep()

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
        place = self._place(key, version)
        entry = Entry(place, value, tier=tier, stamp=token, slots=every, ttl=ttl)
        return self.store.keep(entry)
