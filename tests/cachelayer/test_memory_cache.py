"""MemoryCache does what Django documents of a cache backend."""

import pickle
import warnings

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import CacheKeyWarning, caches

from cachelayer import cache_manager, stores
from cachelayer.backends import MemoryCache


@pytest.fixture
def cache():
    return caches["default"]


@pytest.fixture
def make(tmp_path):
    def make(**options):
        return MemoryCache(str(tmp_path), {"OPTIONS": options})

    return make


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self, monkeypatch) -> None:
        self.now = 1000.0
        for module in ("entries", "stores", "backends.memory"):
            monkeypatch.setattr(f"cachelayer.{module}.monotonic", self)

    def __call__(self) -> float:
        self.now += 1e-6
        return self.now


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_the_default_alias_is_ours(cache):
    assert isinstance(cache, MemoryCache)


def test_get_set_delete(cache):
    assert cache.get("a") is None
    assert cache.get("a", "fallback") == "fallback"
    cache.set("a", "value")
    assert cache.get("a") == "value"
    assert "a" in cache
    assert cache.delete("a") is True
    assert cache.delete("a") is False
    assert not cache.has_key("a")


def test_none_is_a_value(cache):
    cache.set("a", None)

    assert cache.get("a", "fallback") is None
    assert cache.get_or_set("a", "other") is None


@pytest.mark.parametrize(
    "value", ["text", b"bytes", 1, 2.5, True, [1, {"a": (2,)}], {"k": {1, 2}}]
)
def test_values_come_back_equal(cache, value):
    cache.set("a", value)

    assert cache.get("a") == value


def test_a_reader_gets_a_copy_of_its_own(cache):
    kept = {"list": [1]}
    cache.set("a", kept)

    kept["list"].append(2)
    cache.get("a")["list"].append(3)

    assert cache.get("a") == {"list": [1]}


def test_what_cannot_be_pickled_is_refused(cache):
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        cache.set("a", lambda: None)


def test_add_keeps_what_is_there(cache):
    assert cache.add("a", 1) is True
    assert cache.add("a", 2) is False
    assert cache.get("a") == 1


def test_incr_and_decr(cache):
    cache.set("n", 41)

    assert cache.incr("n") == 42
    assert cache.decr("n", 10) == 32
    assert cache.incr("n", -2) == 30
    assert cache.get("n") == 30
    with pytest.raises(ValueError, match="missing"):
        cache.incr("missing")


def test_an_entry_expires(cache, clock):
    cache.set("a", 1, 10)
    cache.set("for-ever", 1, None)

    clock.now += 11

    assert cache.get("a") is None
    assert cache.get("for-ever") == 1


def test_incr_leaves_the_time_to_live_as_it_was(cache, clock):
    cache.set("n", 1, 10)
    clock.now += 6
    cache.incr("n")
    clock.now += 6

    assert cache.get("n") is None


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_timeout_of_nothing_stores_nothing(cache, timeout):
    cache.set("a", 1)

    cache.set("a", 2, timeout)

    assert cache.get("a") is None


def test_touch_sets_the_time_to_live_anew(cache, clock):
    cache.set("a", 1, 10)

    assert cache.touch("a", 100) is True
    clock.now += 50
    assert cache.get("a") == 1
    assert cache.touch("a", 0) is True
    assert cache.get("a") is None
    assert cache.touch("missing") is False


def test_many_at_once(cache):
    assert cache.set_many({"a": 1, "b": 2}) == []
    assert cache.get_many(["a", "b", "c"]) == {"a": 1, "b": 2}
    cache.delete_many(["a", "b"])
    assert cache.get_many(["a", "b"]) == {}


def test_versions_are_apart(cache):
    cache.set("a", 1)
    cache.set("a", 2, version=2)

    assert (cache.get("a"), cache.get("a", version=2)) == (1, 2)
    assert cache.incr_version("a", version=2) == 3
    assert cache.get("a", version=3) == 2
    assert cache.get("a", version=2) is None
    cache.delete("a", version=3)
    assert cache.get("a") == 1


def test_key_prefixes_are_apart(tmp_path):
    one = MemoryCache(str(tmp_path), {"KEY_PREFIX": "one"})
    other = MemoryCache(str(tmp_path), {"KEY_PREFIX": "other"})
    one.set("a", 1)

    assert other.get("a") is None


def test_get_or_set_computes_once(cache):
    calls = []

    def compute():
        calls.append(1)
        return "computed"

    assert cache.get_or_set("a", compute) == "computed"
    assert cache.get_or_set("a", compute) == "computed"
    assert calls == [1]


def test_get_or_set_does_not_keep_what_was_retired_while_it_was_computed(cache):
    def compute():
        cache.invalidate_pattern("/a/*")
        return "old"

    assert cache.get_or_set("/a/b", compute) == "old"
    assert cache.get("/a/b") is None


def test_clear_empties_it(cache):
    cache.set("a", 1)
    cache.clear()

    assert cache.get("a") is None


@pytest.mark.parametrize("key", ["with space", "k" * 251])
def test_a_key_that_memcached_would_refuse_warns_on_writes(cache, key):
    with pytest.warns(CacheKeyWarning):
        cache.set(key, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cache.get(key) == 1


def test_the_asynchronous_methods(cache):
    async def walk():
        await cache.aset("a", 1)
        assert await cache.aget("a") == 1
        assert await cache.aincr("a") == 2
        assert await cache.aadd("a", 9) is False
        assert await cache.aget_many(["a"]) == {"a": 2}
        await cache.adelete("a")
        return await cache.ahas_key("a")

    assert async_to_sync(walk)() is False


def test_a_pattern_retires_raw_keys_by_their_path(cache):
    for key in ("custom:/a/1:x", "/a/2", "/b/1", "plain"):
        cache.set(key, 1)

    cache.invalidate_pattern("/a/*")

    assert list(cache.get_many(["custom:/a/1:x", "/a/2", "/b/1", "plain"])) == [
        "/b/1",
        "plain",
    ]


@pytest.mark.parametrize(
    ("policy", "gone"), [("lru", "b"), ("lfu", "c"), ("fifo", "a")]
)
def test_who_goes_first_is_a_policy(make, clock, policy, gone):
    cache = make(MAX_ENTRIES=3, EVICTION_POLICY=policy)
    for key in "abc":
        cache.set(key, key)
    for key in "bbac":  # b is used most, c least often but last
        cache.get(key)
    cache.get("a")

    cache.set("d", "d")

    assert [key for key in "abcd" if key not in cache] == [gone]
    assert cache.get_stats()["evictions"] == 1


def test_the_number_of_entries_has_a_limit(make):
    cache = make(MAX_ENTRIES=100)
    for number in range(1000):
        cache.set(f"k{number}", number)

    stats = cache.get_stats()
    assert 0 < stats["size"] <= 100
    assert stats["evictions"] >= 900
    assert cache.get("k999") == 999


def test_the_bytes_have_a_limit(make):
    cache = make(MAX_BYTES=100_000)
    for number in range(50):
        cache.set(f"k{number}", b"x" * 10_000)
    cache.set("too-large", b"x" * 200_000)

    stats = cache.get_stats()
    assert 0 < stats["bytes"] <= 100_000
    assert "too-large" not in cache
    assert "k49" in cache


def test_the_dead_make_room_before_the_living(make, clock):
    cache = make(MAX_ENTRIES=3)
    cache.set("a", 1)
    cache.set("b", 1, 10)
    cache.set("c", 1)
    clock.now += 11

    cache.set("d", 1)

    assert [key for key in "acd" if key in cache] == ["a", "c", "d"]
    assert cache.get_stats()["evictions"] == 0


def test_threads_share_one_store(tmp_path):
    one, other = (MemoryCache(str(tmp_path), {}) for _ in range(2))

    assert one.store is other.store
    assert one.store in stores.stores.values()


def test_cache_manager_is_the_same_cache(cache):
    cache_manager.set("a", 1, ttl=60)

    assert cache_manager.get("a") == cache.get("a") == 1
    assert cache_manager.get_or_set("b", lambda: 2, 60) == 2
    cache_manager.invalidate("a")
    assert cache_manager.get("a", "gone") == "gone"
    cache_manager.clear()
    assert cache_manager.get("b") is None
