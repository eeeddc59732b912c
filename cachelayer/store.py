"""The entries that one process keeps, their limits, and which are evicted first."""

import atexit
import heapq
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from cachelayer.entries import Entry, Place
from cachelayer.locks import ThreadLock, forkables
from cachelayer.stamps import Stamps
from cachelayer.stats import Counters

POLICY: dict[str, Callable[[Entry], Any]] = {
    "lru": lambda entry: entry.used,
    "lfu": lambda entry: (entry.uses, entry.used),
    "fifo": lambda entry: entry.made,
}
DEFAULTS: dict[str, Any] = {
    "MAX_ENTRIES": 10_000,
    "MAX_BYTES": 256 * 2**20,
    "EVICTION_POLICY": "lru",
}


@dataclass(frozen=True)
class Limits:
    """Of one process; `size` in bytes."""

    entries: int
    size: int
    policy: str

    @classmethod
    def of(cls, options: dict[str, Any]) -> "Limits":
        """From a backend's OPTIONS; raises ImproperlyConfigured."""
        for name in options.keys() - DEFAULTS.keys():
            known = ", ".join(DEFAULTS)
            raise ImproperlyConfigured(f"There is no option {name!r}, but {known}")
        chosen = {**DEFAULTS, **options}
        for name in ("MAX_ENTRIES", "MAX_BYTES"):
            if not isinstance(chosen[name], int) or chosen[name] < 1:
                raise ImproperlyConfigured(f"{name} is a number above 0")
        if chosen["EVICTION_POLICY"] not in POLICY:
            raise ImproperlyConfigured(f"EVICTION_POLICY is one of {', '.join(POLICY)}")
        return cls(*(chosen[name] for name in DEFAULTS))


class Store:
    """The entries of one process. Reads take no lock; writes take one."""

    def __init__(self, stamps: Stamps, counters: Counters, limits: Limits) -> None:
        self.stamps, self.counters, self.limits = stamps, counters, limits
        self.lock = threading.RLock()
        self.bytes = self.hits = 0
        self.entries: dict[Place, Entry] = {}
        self.look_at = 0.0
        self._opening = ""
        stamps.on_remap = self.forget
        forkables.add(self)

    def after_fork(self) -> None:
        """The parent may have been writing: start empty."""
        self.lock, self.hits = threading.RLock(), 0
        self.forget()

    def belongs_to(self, opening: str) -> bool:
        """Whether the plain keys here are theirs whose keys are made to begin so: of
        several backends on one folder, those with the prefix that came first."""
        with self.lock:
            self._opening = self._opening or opening
            return self._opening == opening

    def forget(self) -> None:
        """Drop all; without the lock, since the caller may hold the host's."""
        self.entries, self.bytes, self.look_at = {}, 0, 0.0

    def find(self, key: Place) -> Entry | None:
        """The entry, if nothing has retired it; the caller counts hit or miss."""
        entry = self.entries.get(key)
        if entry is None:
            return None
        now = monotonic()
        if now >= self.look_at:  # someone may have removed the file by hand
            self.stamps.follow()
            self.tell()
            self.look_at = 0.0 if self.stamps.failure else now + 1
        if self.stamps.failure or not self._alive(entry, now):
            return None
        entry.used = now
        entry.uses += 1
        return entry

    def _alive(self, entry: Entry, now: float) -> bool:
        if entry.expires_at <= now:
            self._discard(entry, "expired")
            return False
        self.stamps.epoch()  # comes back with the new file when ours was replaced
        fresh_at = self.stamps.newer(entry.slots, entry.stamp)
        if fresh_at is None:
            self._discard(entry, "invalidations")
            return False
        entry.stamp = fresh_at
        return True

    def keep(self, entry: Entry) -> bool:
        """False: it is too large, or of a file that was replaced."""
        late = entry.stamp > self.stamps.epoch()  # of a file that was replaced
        if late or entry.size > self.limits.size or entry.expires_at <= entry.made:
            self.drop(entry.key)
            return entry.expires_at <= entry.made
        with self.lock:
            former = self.entries.get(entry.key)
            if (
                former
                and former.stamp > entry.stamp
                and self._alive(former, entry.made)
            ):
                return True  # a slower reader comes late: what is there is newer
            entry.uses = former.uses if former else 0
            self._remove(former)
            self._make_room(entry.size)
            self.entries[entry.key] = entry
            self.bytes += entry.size
        self.counters.add(entry.tier, "sets")
        self.tell()
        return True

    def drop(self, key: Place) -> bool:
        """Remove it from this process; whether it was there."""
        with self.lock:
            return self._remove(self.entries.get(key))

    def sweep(self) -> int:
        """Remove what is expired or retired; returns how many stay."""
        with self.lock:
            now = monotonic()
            for entry in list(self.entries.values()):
                self._alive(entry, now)
            self.bytes = sum(entry.size for entry in list(self.entries.values()))
            self.tell()
            return len(self.entries)

    def tell(self) -> None:
        """Publish how much is here, and the hits since this was last called."""
        hits, self.hits = self.hits, 0
        self.counters.publish(len(self.entries), self.bytes, hits)

    def _make_room(self, size: int) -> None:
        if self._fits(size):
            return
        self.sweep()
        first = POLICY[self.limits.policy]
        while self.entries and not self._fits(size):
            batch = max(1, len(self.entries) // 64)
            every = list(self.entries.values())
            for entry in heapq.nsmallest(batch, every, key=first):
                self._discard(entry, "evictions")

    def _fits(self, size: int) -> bool:
        roomy = len(self.entries) < self.limits.entries
        return roomy and self.bytes + size <= self.limits.size

    def _discard(self, entry: Entry, counted_as: str) -> None:
        with self.lock:
            if self._remove(entry):
                self.counters.add(entry.tier, counted_as)

    def _remove(self, entry: Entry | None) -> bool:
        """Take out this very entry, not one that has replaced it. Needs the lock."""
        if entry is None or self.entries.get(entry.key) is not entry:
            return False
        del self.entries[entry.key]
        self.bytes -= entry.size
        return True


stores: dict[tuple[str, Limits], Store] = {}
making = ThreadLock()


def store_at(folder: str, limits: Limits) -> Store:
    """Django makes a backend for each thread."""
    with making:
        if (folder, limits) not in stores:
            place = Path(folder)
            store = Store(Stamps(place), Counters(place), limits)
            atexit.register(store.tell)
            stores[folder, limits] = store
        return stores[folder, limits]
