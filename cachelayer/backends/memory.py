"""MemoryCache: each process has its values; invalidation is for the whole host."""

import atexit
import heapq
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, default_key_func
from django.core.exceptions import ImproperlyConfigured

from cachelayer import hosts
from cachelayer.backends.base import TagCache, Token
from cachelayer.conf import option
from cachelayer.entries import CacheEntry, EntryKey
from cachelayer.keys import ROOT
from cachelayer.locks import ThreadLock, forkables
from cachelayer.stamps import EPOCH, Stamps
from cachelayer.stats import Counters, hit_rate_warnings

POLICY: dict[str, Callable[[CacheEntry], Any]] = {
    "lru": lambda entry: entry.used,
    "lfu": lambda entry: (entry.uses, entry.used),
    "fifo": lambda entry: entry.created,
}
"""The eviction priorities: entries with the lowest value are evicted first."""
DEFAULTS: dict[str, Any] = {
    "MAX_ENTRIES": 10_000,
    "MAX_BYTES": 256 * 2**20,
    "EVICTION_POLICY": "lru",
}


@dataclass(frozen=True)
class Limits:
    """The limits of one process's store; `size` is in bytes."""

    entries: int
    size: int
    policy: str

    @classmethod
    def of(cls, options: dict[str, Any]) -> "Limits":
        """The limits in a backend's OPTIONS; raises ImproperlyConfigured."""
        for name in options.keys() - DEFAULTS.keys():
            allowed = ", ".join(DEFAULTS)
            raise ImproperlyConfigured(f"Unknown option {name!r}. Known: {allowed}.")
        chosen = {**DEFAULTS, **options}
        for name in ("MAX_ENTRIES", "MAX_BYTES"):
            if not isinstance(chosen[name], int) or chosen[name] < 1:
                raise ImproperlyConfigured(f"{name} must be a number above 0")
        if chosen["EVICTION_POLICY"] not in POLICY:
            raise ImproperlyConfigured(
                f"EVICTION_POLICY must be one of {', '.join(POLICY)}"
            )
        return cls(*(chosen[name] for name in DEFAULTS))


class Store:
    """The entries of one process. Reads take no lock; writes take one."""

    def __init__(self, stamps: Stamps, counters: Counters, limits: Limits) -> None:
        self.stamps, self.counters, self.limits = stamps, counters, limits
        self.lock = threading.RLock()
        self.bytes = self.hits = 0
        self.entries: dict[EntryKey, CacheEntry] = {}
        self.check_file_at = 0.0
        self._prefix = ""
        stamps.on_remap = self.forget_all
        forkables.add(self)

    def after_fork(self) -> None:
        """Start empty: the parent may have been writing."""
        self.lock, self.hits = threading.RLock(), 0
        self.forget_all()

    def claim_prefix(self, prefix: str) -> bool:
        """Whether a backend with this key prefix stores its entries under plain keys.

        Of several backends that share the store, those with the first prefix do so.
        """
        with self.lock:
            self._prefix = self._prefix or prefix
            return self._prefix == prefix

    def forget_all(self) -> None:
        """Drop all entries. It takes no lock: the caller may have the host's lock."""
        self.entries, self.bytes, self.check_file_at = {}, 0, 0.0

    def find(self, key: EntryKey) -> CacheEntry | None:
        """The entry, if it is fresh; the caller counts the hit or miss."""
        entry = self.entries.get(key)
        if entry is None:
            return None
        now = monotonic()
        if now >= self.check_file_at:  # an operator may have removed the stamp file
            self.stamps.follow()
            self.publish()
            self.check_file_at = 0.0 if self.stamps.failure else now + 1
        if self.stamps.failure or not self._is_fresh(entry, now):
            return None
        entry.used = now
        entry.uses += 1
        return entry

    def _is_fresh(self, entry: CacheEntry, now: float) -> bool:
        """Whether the entry is fresh; otherwise it is dropped."""
        if entry.expires_at <= now:
            self._discard(entry, "expired")
            return False
        self.stamps.epoch()  # maps the new file, if ours was replaced
        fresh_at = self.stamps.fresh_epoch(entry.slots, entry.stamp)
        if fresh_at is None:
            self._discard(entry, "invalidations")
            return False
        entry.stamp = fresh_at
        return True

    def put(self, entry: CacheEntry) -> bool:
        """Store the entry. False: it is too large, or its stamp is of another file.

        An entry that has expired already is not stored, but counts as stored.
        """
        is_expired = entry.expires_at <= entry.created
        is_foreign = entry.stamp > self.stamps.epoch()  # the stamp file was replaced
        if is_expired or is_foreign or entry.size > self.limits.size:
            self.drop(entry.key)
            return is_expired
        with self.lock:
            former = self.entries.get(entry.key)
            if (
                former
                and former.stamp > entry.stamp
                and self._is_fresh(former, entry.created)
            ):
                return True  # the existing entry was computed later than this one
            entry.uses = former.uses if former else 0
            self._remove(former)
            self._make_room(entry.size)
            self.entries[entry.key] = entry
            self.bytes += entry.size
        self.counters.add(entry.tier, "sets")
        self.publish()
        return True

    def drop(self, key: EntryKey) -> bool:
        """Remove the entry from this process. False: there was none."""
        with self.lock:
            return self._remove(self.entries.get(key))

    def sweep(self) -> int:
        """Remove expired and invalidated entries; return how many remain."""
        with self.lock:
            now = monotonic()
            for entry in list(self.entries.values()):
                self._is_fresh(entry, now)
            self.bytes = sum(entry.size for entry in list(self.entries.values()))
            self.publish()
            return len(self.entries)

    def publish(self) -> None:
        """Write the size and the latest hits to the host's counters."""
        hits, self.hits = self.hits, 0
        self.counters.publish(len(self.entries), self.bytes, hits)

    def _make_room(self, size: int) -> None:
        if self._fits(size):
            return
        self.sweep()
        order = POLICY[self.limits.policy]
        while self.entries and not self._fits(size):
            batch = max(1, len(self.entries) // 64)
            every = list(self.entries.values())
            for entry in heapq.nsmallest(batch, every, key=order):
                self._discard(entry, "evictions")

    def _fits(self, size: int) -> bool:
        has_place = len(self.entries) < self.limits.entries
        return has_place and self.bytes + size <= self.limits.size

    def _discard(self, entry: CacheEntry, counted_as: str) -> None:
        with self.lock:
            if self._remove(entry):
                self.counters.add(entry.tier, counted_as)

    def _remove(self, entry: CacheEntry | None) -> bool:
        """Remove this very entry, not one that has replaced it. Needs the lock."""
        if entry is None or self.entries.get(entry.key) is not entry:
            return False
        del self.entries[entry.key]
        self.bytes -= entry.size
        return True


stores: dict[tuple[str, Limits], Store] = {}
stores_lock = ThreadLock()


def store_at(folder: str, limits: Limits) -> Store:
    """The store of this process: Django creates a backend for each thread."""
    with stores_lock:
        if (folder, limits) not in stores:
            path = Path(folder)
            store = Store(Stamps(path), Counters(path), limits)
            atexit.register(store.publish)
            stores[folder, limits] = store
        return stores[folder, limits]


class MemoryCache(TagCache):
    """A cache in memory; LOCATION is the folder of the host's stamp file.

    OPTIONS: MAX_ENTRIES and MAX_BYTES of each process, EVICTION_POLICY lru|lfu|fifo.
    Mutable values are pickled, so that each reader gets a copy. When one process sets,
    deletes, increments or touches a key, the others drop their copies.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        if not location:
            raise ImproperlyConfigured("MemoryCache needs LOCATION, its stamps' folder")
        self.store = store_at(str(location), Limits.of(params.get("OPTIONS", {})))
        self.stamps = self.store.stamps
        usual_keys = self.key_func is default_key_func
        self.plain = usual_keys and self.store.claim_prefix(self.make_key(""))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """As in Django. Most hits return from the fast path, which makes few calls.

        An entry is fresh if the epoch is the same as when it was last found. A lost
        stamp file or a conflict with another host invalidates everything, so that the
        fast path checks neither. A key that is no str may equal a str: it is stored
        separately.
        """
        store = self.store
        if (
            self.plain
            and version is None
            and type(key) is str
            and (entry := store.entries.get(key)) is not None
            and entry.stamp == store.stamps.words[EPOCH]
            and entry.expires_at > (now := monotonic()) < store.check_file_at
        ):
            entry.used = now
            entry.uses += 1
            store.hits += 1
            return entry.load() if entry.packed else entry.value
        return super().get(key, default, version)

    def add(
        self,
        key: str,
        value: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        """As in Django. It is no lock: each process sees only its own entries."""
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
            existed = self.has_key(key, version)
            self.invalidate_tags([self.tag_of(key, version)])
            self.validate_key(self.make_key(key, version))
            self.store.drop(self._entry_key(key, version))
            return existed

    def clear(self) -> None:
        """Invalidate everything on this host."""
        self.invalidate_tags([ROOT])
        self.store.sweep()

    def token(self) -> int:
        return self.stamps.epoch()

    def lookup(
        self, key: str, version: int | None = None
    ) -> tuple[int, CacheEntry | None]:
        token = self.stamps.epoch()  # older than the value that is computed on a miss
        return token, self._find(key, version)

    def invalidate_tags(self, tags: Iterable[str]) -> int:
        return self.stamps.bump(tags)

    def invalidate_all(self) -> None:
        self.stamps.bump_all()

    def count(self, tier: str, event: str) -> None:
        self.store.counters.add(tier, event)

    def out_of_service(self) -> bool:
        """Whether the stamp file cannot be used, or another host may change rows."""
        return not self.stamps.usable() or self.stamps.in_conflict

    def why_out_of_service(self) -> str:
        return self.stamps.failure or hosts.conflict(hosts.other_hosts(self.stamps))

    def refresh_host(self) -> None:
        if self.stamps.refresh_is_due(option("HOST_INTERVAL")):
            hosts.refresh(self.stamps)

    def host_stats(self) -> dict[str, Any]:
        self.store.publish()
        return self.store.counters.of_host()

    def get_stats(self) -> dict[str, Any]:
        size, counts = self.store.sweep(), self.store.counters.of_process()
        return {
            **counts,
            "size": size,
            "bytes": self.store.bytes,
            "max_entries": self.store.limits.entries,
            "max_bytes": self.store.limits.size,
            "host": self.host_stats(),
            "warnings": hit_rate_warnings(counts),
        }

    def _find(self, key: str, version: int | None) -> CacheEntry | None:
        if self.out_of_service():
            return None
        return self.store.find(self._entry_key(key, version))

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
        entry = CacheEntry(
            self._entry_key(key, version),
            value,
            tier=tier,
            stamp=token,
            slots=tuple(self._slots(key, version) | set(slots)),
            ttl=ttl,
        )
        return self.store.put(entry)

    def _entry_key(self, key: str, version: int | None) -> EntryKey:
        """The key under which the entry is stored: usually the caller's key."""
        if self.plain and version in (None, self.version):
            return str(key)
        return (self.make_key(key, version),)
