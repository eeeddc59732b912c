"""Both backends do what Django documents for a cache backend."""

import warnings

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import CacheKeyWarning, caches

from cachelayer import cache_manager
from cachelayer.stamps import slot


@pytest.fixture
def cache(each_backend):
    return caches["default"]


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
    "value", ["text", b"bytes", "", b"", 1, 2.5, True, 10**40, [1, {"a": [2]}], {}]
)
def test_values_come_back_equal(cache, value):
    cache.set("a", value)

    assert cache.get("a") == value


def test_a_reader_gets_a_copy_of_its_own(cache):
    value = {"list": [1]}
    cache.set("a", value)

    value["list"].append(2)
    cache.get("a")["list"].append(3)

    assert cache.get("a") == {"list": [1]}


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


def test_an_entry_expires(cache, forward):
    cache.set("a", 1, 10)
    cache.set("for-ever", 1, None)

    forward(11)

    assert cache.get("a") is None
    assert cache.get("for-ever") == 1


def test_incr_leaves_the_time_to_live_as_it_was(cache, forward):
    cache.set("n", 1, 10)
    forward(6)
    cache.incr("n")
    forward(6)

    assert cache.get("n") is None


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_timeout_of_nothing_stores_nothing(cache, timeout):
    cache.set("a", 1)

    cache.set("a", 2, timeout)

    assert cache.get("a") is None


def test_touch_sets_the_time_to_live_anew(cache, forward):
    cache.set("a", 1, 10)

    assert cache.touch("a", 100) is True
    forward(50)
    assert cache.get("a") == 1
    assert cache.touch("a", 0) is True
    assert cache.get("a") is None
    assert cache.touch("missing") is False


def test_decr_and_incr_keep_to_the_version(cache):
    cache.set("n", 1, version=2)

    assert cache.incr("n", version=2) == 2
    assert cache.get("n") is None


def test_add_comes_after_what_is_invalidated_expired_or_deleted(cache, forward):
    for leave in (
        lambda: cache.invalidate_pattern("/a"),
        lambda: forward(11),
        lambda: cache.delete("/a"),
        cache.clear,
    ):
        cache.set("/a", "old", 10)
        assert cache.add("/a", "new") is False
        leave()
        assert cache.add("/a", "new", 10) is True
        assert cache.get("/a") == "new"


def test_what_is_set_is_invalidated_by_the_tags_of_its_path(cache):
    cache.set("/a/b", 1)
    cache.add("/a/c", 1)
    cache.incr("/a/c")
    cache.touch("/a/b")

    cache.invalidate_pattern("/a/*")

    assert cache.get_many(["/a/b", "/a/c"]) == {}


def test_a_late_fill_does_not_come_back(cache):
    token, value = cache.lookup("/a")
    assert value is None

    cache.set("/a", "by hand")
    cache.fill("/a", "late", token=token, slots=(), ttl=60, tier="endpoint")

    assert cache.get("/a") in (None, "by hand")


def test_what_other_tags_invalidate_is_not_found(cache):
    token, _ = cache.lookup("/a")
    slots = (slot("/elsewhere"),)
    cache.fill("/a", "value", token=token, slots=slots, ttl=60, tier="endpoint")
    assert [cache.get("/a"), cache.get("/a")] == ["value", "value"]

    cache.invalidate_tags(["/elsewhere"])

    assert cache.get("/a") is None


def test_invalidate_all_leaves_nothing(cache):
    cache.set("a", 1)
    token = cache.token()

    cache.invalidate_all()
    cache.fill("b", 1, token=token, slots=(), ttl=60, tier="raw")

    assert cache.get_many(["a", "b"]) == {}
    cache.set("a", 2)
    assert cache.get("a") == 2


def test_close_leaves_it_usable(cache):
    cache.set("a", 1)
    cache.close()

    assert cache.get("a") == 1


def test_the_size_is_of_what_is_live(cache):
    cache.set_many({"/a/1": 1, "/a/2": 1, "/b": 1, "/c": 1})
    cache.invalidate_pattern("/a/*")
    cache.delete("/b")

    assert cache.get_stats()["size"] == 1
    assert cache.get_stats()["bytes"] > 0


def test_nothing_at_once(cache):
    assert cache.get_many([]) == {}
    assert cache.set_many({}) == []
    cache.delete_many([])


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


def test_get_or_set_computes_once(cache):
    calls = []

    def compute():
        calls.append(1)
        return "computed"

    assert cache.get_or_set("a", compute) == "computed"
    assert cache.get_or_set("a", compute) == "computed"
    assert calls == [1]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_get_or_set_does_not_keep_what_was_invalidated_while_it_was_computed(
    cache, asynchronous
):
    def compute():
        cache.invalidate_pattern("/a/*")
        return "old"

    variant = async_to_sync(cache.aget_or_set)
    get_or_set = variant if asynchronous else cache.get_or_set
    assert get_or_set("/a/b", compute) == "old"
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


@pytest.mark.filterwarnings("ignore::django.core.cache.CacheKeyWarning")
@pytest.mark.parametrize("key", ["é", "\ud800", "a\r\nb", "*", "{x}", ""])
def test_a_key_may_be_any_text(cache, key):
    cache.set(key, 1)

    assert cache.get(key) == 1
    assert cache.get_stats()["size"] == 1


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


def test_a_pattern_invalidates_raw_keys_by_their_path(cache):
    for key in ("custom:/a/1:x", "/a/2", "/b/1", "plain"):
        cache.set(key, 1)

    cache.invalidate_pattern("/a/*")

    assert list(cache.get_many(["custom:/a/1:x", "/a/2", "/b/1", "plain"])) == [
        "/b/1",
        "plain",
    ]


def test_cache_manager_is_the_same_cache(cache):
    cache_manager.set("a", 1, ttl=60)

    assert cache_manager.get("a") == cache.get("a") == 1
    assert cache_manager.get_or_set("b", lambda: 2, 60) == 2
    cache_manager.invalidate("a")
    assert cache_manager.get("a", "gone") == "gone"
    cache_manager.clear()
    assert cache_manager.get("b") is None
