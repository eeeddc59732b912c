"""MemoryCache evicts exactly what a model of its policy evicts, in one thread."""

from sys import getsizeof
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cachelayer.backends import MemoryCache
from cachelayer.entries import OVERHEAD
from tests.cachelayer.clock import Clock

ENTRIES, SIZE = 3, 10_000
FIRST = {
    "lru": lambda entry: entry["used"],
    "lfu": lambda entry: (entry["uses"], entry["used"]),
    "fifo": lambda entry: entry["made"],
}
steps = st.lists(
    st.tuples(
        st.sampled_from(["set", "get", "set", "has_key", "touch", "add", "expire"]),
        st.sampled_from("abcd"),
        st.sampled_from([100, 100, 3000, 9000]),
    ),
    min_size=15,
    max_size=30,
)
Entries = dict[str, dict[str, Any]]


def weight(key: str, size: int) -> int:
    return OVERHEAD + len(key) + getsizeof(b"x" * size)


class Model:
    """A dict that is sorted by the policy each time that an entry must be evicted."""

    def __init__(self, policy: str) -> None:
        self.first, self.entries, self.now, self.evicted = (
            FIRST[policy],
            Entries(),
            0,
            0,
        )

    def use(self, key: str) -> None:
        if key in self.entries:
            self.entries[key]["used"] = self.now
            self.entries[key]["uses"] += 1

    def store(self, key: str, size: int) -> None:
        former = self.entries.pop(key, {"uses": 0})
        if weight(key, size) > SIZE:
            return
        while self.entries and not self.fits(weight(key, size)):
            del self.entries[
                min(self.entries, key=lambda each: self.first(self.entries[each]))
            ]
            self.evicted += 1
        fresh = {"made": self.now, "used": self.now, "uses": former["uses"]}
        self.entries[key] = {**fresh, "size": weight(key, size), "value": size}

    def fits(self, more: int) -> bool:
        total_size = sum(entry["size"] for entry in self.entries.values())
        return len(self.entries) < ENTRIES and total_size + more <= SIZE

    def step(self, name: str, key: str, size: int) -> None:
        self.now += 1
        existing = self.entries.get(key)
        if name in ("get", "has_key", "touch", "add"):
            self.use(key)
        self.now += 1
        if name == "set" or (name == "add" and existing is None):
            self.store(key, size)
        elif name == "touch" and existing:
            self.store(key, existing["value"])
        elif name == "expire":
            self.entries.pop(key, None)


def do(cache: MemoryCache, name: str, key: str, size: int) -> None:
    value = b"x" * size
    if name in ("set", "add"):
        getattr(cache, name)(key, value)
    elif name == "expire":
        cache.touch(key, 0)
    else:
        getattr(cache, name)(key)


@pytest.mark.parametrize("policy", ["lru", "lfu", "fifo"])
def test_the_entries_that_stay_are_those_of_the_model(policy, tmp_path, monkeypatch):
    Clock(monkeypatch)
    options = {"MAX_ENTRIES": ENTRIES, "MAX_BYTES": SIZE, "EVICTION_POLICY": policy}
    cache = MemoryCache(str(tmp_path), {"OPTIONS": options})

    @settings(max_examples=30)
    @given(steps)
    def walk(taken) -> None:
        cache.clear()
        before = cache.get_stats()["evictions"]
        model = Model(policy)
        for step in taken:
            do(cache, *step)
            model.step(*step)
            stored_keys = {entry.key for entry in cache.store.entries.values()}
            assert stored_keys == set(model.entries)
        stats = cache.get_stats()
        assert stats["evictions"] - before == model.evicted
        assert stats["bytes"] == sum(each["size"] for each in model.entries.values())

    walk()
