"""MemoryCache: values in each process, invalidation host-wide."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from cachelayer import keys, patterns, planes, transactions
from cachelayer.entries import POLICY, Entry, Store
from cachelayer.stamps import Stamps, slot
from cachelayer.stats import Counters, warnings_about

DEFAULT_ENTRIES = 10_000
DEFAULT_BYTES = 256 * 2**20
stores: dict[tuple[Any, ...], Store] = {}
making = threading.Lock()


def store_at(folder: str, entries: int, size: int, policy: str) -> Store:
    """The process's one store for these parameters: Django makes a backend a thread."""
    wanted = (folder, entries, size, policy)
    if wanted not in stores:
        with making:
            if wanted not in stores:
                place = Path(folder)
                stores[wanted] = Store(
                    Stamps(place),
                    Counters(place),
                    entries=entries,
                    size=size,
                    policy=policy,
                )
    return stores[wanted]


class MemoryCache(BaseCache):
    """LOCATION: the folder of the host's stamp file, the same for all processes.

    OPTIONS: MAX_ENTRIES, MAX_BYTES (of each process), EVICTION_POLICY lru|lfu|fifo.
    Values that are not plain are pickled, so that a reader gets its own copy.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = params.get("OPTIONS", {})
        policy = options.get("EVICTION_POLICY", "lru")
        if policy not in POLICY:
            raise ValueError(f"EVICTION_POLICY is one of {', '.join(POLICY)}")
        self.store = store_at(
            str(location),
            int(options.get("MAX_ENTRIES", DEFAULT_ENTRIES)),
            int(options.get("MAX_BYTES", DEFAULT_BYTES)),
            policy,
        )
        self.stamps = self.store.stamps

    # What the decorators and cache_manager use; RedisCache has the same.

    def token(self) -> int:
        """The epoch of a value that is about to be computed."""
        return self.stamps.epoch()

    def lookup(self, key: str, tier: str = "raw") -> Entry | None:
        """The fresh entry, counted as a hit or a miss of its tier."""
        entry = self._find(self.make_key(key))
        self.store.counters.add(tier, "misses" if entry is None else "hits")
        return entry

    def fill(
        self,
        key: str,
        value: Any,
        *,
        token: int,
        tags: Iterable[str] = (),
        ttl: float | None = None,
        tier: str = "raw",
    ) -> None:
        """Store what was computed since the token, unless its tags retired since."""
        self._keep(self.make_key(key), value, token, tags, key, ttl, tier)

    def retire(self, tags: Iterable[str]) -> None:
        self.stamps.bump(tags)

    def retire_all(self) -> None:
        """For whoever reaps a process that was killed."""
        self.stamps.bump_all()

    def bypassed(self, tier: str) -> None:
        self.store.counters.add(tier, "bypasses")

    def out_of_service(self) -> bool:
        """Whether another host shares the database: our stamps miss its writes."""
        return planes.conflicting(self.stamps)

    def refresh_plane(self) -> None:
        """Once an interval: tell the database that this host is here."""
        planes.refresh_if_due(self.stamps)

    def tag_of(self, key: str) -> str:
        """The tag that retires this key alone."""
        return own_tag(self.make_key(key))

    def invalidate_pattern(self, pattern: str) -> None:
        """Retire, on this host, all the pattern covers; 0.05 ms whatever the size."""
        self.retire([patterns.widen(pattern)])

    def get_stats(self) -> dict[str, Any]:
        """This process's counts; `host` has those of all, `tiers` each by tier."""
        size = self.store.sweep()
        found = self.store.counters.of_process()
        return {
            **found,
            "size": size,
            "bytes": self.store.bytes,
            "max_entries": self.store.max_entries,
            "max_bytes": self.store.max_bytes,
            "host": self.store.counters.of_host(),
            "warnings": warnings_about(found),
        }

    # The documented backend methods.

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        entry = self._find(self.make_key(key, version))
        if entry is None:
            self.store.counters.add("raw", "misses")
            return default
        self.store.counters.add("raw", "hits")
        return entry.load()

    def set(
        self,
        key: str,
        value: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        made = self.make_and_validate_key(key, version)
        stamp = self.stamps.bump([own_tag(made)])
        self._keep(made, value, stamp, (), key, self._ttl(timeout))

    def add(
        self,
        key: str,
        value: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        """Not a lock across processes: each looks at its own copies only."""
        with self.store.lock:
            if self._find(self.make_key(key, version)) is not None:
                return False
            self.set(key, value, timeout, version)
            return True

    def touch(
        self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        with self.store.lock:
            entry = self._find(self.make_key(key, version))
            if entry is None:
                return False
            self.set(key, entry.load(), timeout, version)
            return True

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        made = self.make_and_validate_key(key, version)
        with self.store.lock:
            entry = self._find(made)
            if entry is None:
                raise ValueError(f"Key {key!r} not found")
            value: int = entry.load() + delta
            left = entry.expires_at - monotonic()
            stamp = self.stamps.bump([own_tag(made)])
            self._keep(made, value, stamp, (), key, left)
            return value

    def delete(self, key: str, version: int | None = None) -> bool:
        made = self.make_and_validate_key(key, version)
        found = self._find(made) is not None
        self.stamps.bump([own_tag(made)])
        self.store.drop(made)
        return found

    def has_key(self, key: str, version: int | None = None) -> bool:
        return self._find(self.make_key(key, version)) is not None

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
        token = self.token()
        value = default() if callable(default) else default
        if transactions.may_fill():
            made = self.make_and_validate_key(key, version)
            self._keep(made, value, token, (), key, self._ttl(timeout))
        return value

    def clear(self) -> None:
        """Retire everything on this host."""
        self.stamps.bump([patterns.ROOT])
        self.store.sweep()

    def _find(self, made: str) -> Entry | None:
        return None if self.out_of_service() else self.store.find(made)

    def _keep(
        self,
        made: str,
        value: Any,
        stamp: int,
        tags: Iterable[str],
        key: str,
        ttl: float | None,
        tier: str = "raw",
    ) -> None:
        every = {own_tag(made), *tags, *patterns.path_tags(keys.path_of(key))}
        slots = tuple(slot(tag) for tag in every)
        entry = Entry(made, value, tier=tier, stamp=stamp, slots=slots, ttl=ttl)
        if not self.out_of_service():
            self.store.keep(entry)

    def _ttl(self, timeout: Any) -> float | None:
        """Seconds; 0 or less is already expired, None never expires."""
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if seconds is None else float(seconds)


def own_tag(made_key: str) -> str:
    return f"key:{made_key}"
