"""The statistics of this process and of the host, by tier."""

import pytest

from cachelayer import cache_endpoint, cache_global_data, cache_manager
from cachelayer.backends import MemoryCache
from cachelayer.stats import Counters, hit_rate_warnings
from tests.cachelayer.forks import fork, succeeded


@pytest.fixture
def cache(tmp_path):
    return MemoryCache(str(tmp_path), {})


def test_hits_misses_and_size(cache):
    cache.set("a", 1)
    cache.get("a")
    cache.get("b")

    stats = cache.get_stats()

    assert (stats["hits"], stats["misses"], stats["hit_rate"]) == (1, 1, 0.5)
    assert (stats["size"], stats["sets"], stats["evictions"]) == (1, 1, 0)
    assert stats["bytes"] > 0
    assert stats["max_entries"] == 10_000


def test_invalidated_entries_do_not_count_as_evictions(cache):
    cache.set("/a/1", 1)
    cache.set("/a/2", 1)
    cache.invalidate_pattern("/a/*")

    stats = cache.get_stats()

    assert (stats["size"], stats["invalidations"], stats["evictions"]) == (0, 2, 0)


def test_an_expired_read_is_a_miss(cache, monkeypatch):
    cache.set("a", 1, 10)
    monkeypatch.setattr("cachelayer.backends.memory.monotonic", lambda: float("inf"))
    cache.get("a")

    stats = cache.get_stats()

    assert (stats["misses"], stats["expired"], stats["evictions"]) == (1, 1, 0)


def test_tiers_are_counted_apart():
    @cache_endpoint
    def one():
        return 1

    @cache_global_data
    def other():
        return 1

    before = cache_manager.get_stats()["tiers"]
    one(), one(), other()
    after = cache_manager.get_stats()["tiers"]

    def more(tier, event):
        return after[tier][event] - before[tier][event]

    assert (more("endpoint", "hits"), more("endpoint", "misses")) == (1, 1)
    assert (more("global", "hits"), more("global", "misses")) == (0, 1)
    assert more("user", "hits") == 0


def test_the_host_counts_all_processes_also_ended_ones(tmp_path):
    ours = Counters(tmp_path)
    ours.add("raw", "hits")

    def count_there():
        ours.add("raw", "hits")
        ours.publish(3, 300)

    assert succeeded(fork(count_there))

    assert ours.of_process()["hits"] == 1
    assert ours.of_host()["hits"] == 2
    assert ours.of_host()["processes"] == 1
    assert ours.of_host()["size"] == 0
    Counters(tmp_path).add("raw", "misses")  # reuses the row of the ended process
    assert ours.of_host()["hits"] == 2


@pytest.mark.parametrize(
    ("hits", "misses", "warned"), [(10, 90, True), (90, 10, False), (1, 9, False)]
)
def test_a_low_hit_rate_is_a_warning_once_it_means_something(hits, misses, warned):
    stats = {"hits": hits, "misses": misses, "hit_rate": hits / (hits + misses)}

    assert bool(hit_rate_warnings(stats)) is warned
