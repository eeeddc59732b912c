"""What only MemoryCache does: copies by pickle, limits, one store per process."""

import pickle
import subprocess
import sys
from enum import Enum

import pytest
from django.core.cache import caches

from cachelayer import hosts
from cachelayer.backends import MemoryCache
from cachelayer.backends.memory import stores
from tests.cachelayer.clock import Clock


@pytest.fixture
def cache():
    return caches["default"]


@pytest.fixture
def make(tmp_path):
    def make(**options):
        return MemoryCache(str(tmp_path), {"OPTIONS": options})

    return make


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_the_default_alias_is_ours(cache):
    assert isinstance(cache, MemoryCache)


def test_what_cannot_be_pickled_is_refused(cache):
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        cache.set("a", lambda: None)


def test_backends_with_other_keys_on_one_folder_have_other_entries(tmp_path):
    one = MemoryCache(str(tmp_path), {"KEY_PREFIX": "one"})
    others = [
        MemoryCache(str(tmp_path), {"KEY_PREFIX": "other"}),
        MemoryCache(str(tmp_path), {"KEY_PREFIX": "one", "VERSION": 2}),
        MemoryCache(str(tmp_path), {"KEY_FUNCTION": lambda key, *_: f"made {key}"}),
    ]
    one.set("a", 1)
    assert one.get("a") == 1  # the next reads take the short path

    assert [other.get("a") for other in others] == [None] * 3


@pytest.mark.parametrize(
    ("policy", "evicted"), [("lru", "b"), ("lfu", "c"), ("fifo", "a")]
)
def test_the_policy_says_what_is_evicted_first(make, clock, policy, evicted):
    cache = make(MAX_ENTRIES=3, EVICTION_POLICY=policy)
    for key in "abc":
        cache.set(key, key)
    for key in "bbac":  # b is used most, c least often but last
        cache.get(key)
    cache.get("a")

    cache.set("d", "d")

    assert [key for key in "abcd" if key not in cache] == [evicted]
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


def test_expired_entries_are_removed_before_others_are_evicted(make, clock):
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
    assert one.store in stores.values()


def test_a_key_that_looks_like_one_made_by_django_is_another(make):
    cache = make()
    cache.set("x", "second", version=2)
    assert cache.get(":2:x") is None

    cache.set(":2:x", "plain")
    cache.set(":1:x", "plain, too")

    assert cache.get("x", version=2) == "second"
    assert cache.get("x") is None


def test_a_number_and_its_text_are_one_key(make):
    cache = make()
    cache.set(7, "seven")

    assert (cache.get("7"), cache.get(7), cache.get(7, version=1)) == ("seven",) * 3


def test_nothing_is_served_while_another_host_is_in_conflict(make):
    cache = make()
    cache.set("a", 1)
    assert (cache.get("a"), cache.get("a")) == (1, 1)

    hosts.set_conflict(cache.stamps, True)
    assert cache.get("a") is None

    hosts.set_conflict(cache.stamps, False)
    assert cache.get("a") is None  # stored before the conflict
    cache.set("a", 2)
    assert cache.get("a") == 2


def test_a_process_publishes_its_hits_when_it_ends(make):
    cache = make()
    before = cache.host_stats()["hits"]
    code = f"""
from django.conf import settings
settings.configure()
from cachelayer.backends import MemoryCache
cache = MemoryCache({cache.store.stamps.path.parent.as_posix()!r}, {{}})
cache.set("a", 1)
assert [cache.get("a") for _ in range(5)] == [1] * 5
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)

    assert cache.host_stats()["hits"] == before + 5


def test_a_key_that_is_equal_to_a_text_but_reads_otherwise_is_another(make):
    class Name(str, Enum):  # noqa: UP042 of one that is older than StrEnum
        A = "a"

    cache = make()
    cache.set(Name.A, "the name's")
    cache.set("a", "the text's")
    cache.set("b", 1, version=2)
    assert (cache.get("a"), cache.get("b", version=2)) == ("the text's", 1)

    assert cache.get(Name.A) == "the name's"
    assert cache.get((":2:b",)) is None
    assert cache.get(["a"]) is None
