"""Both backends keep each promise that Django's documentation makes for any cache."""

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import BaseCache, InvalidCacheBackendError, caches
from django.core.cache.backends.locmem import LocMemCache

from cachelayer.backends import MemoryCache, RedisCache
from tests.cachelayer.threads import elsewhere

NEVER, HOUR = 10**6, 3600


@pytest.fixture
def make(each_backend, settings):
    """A function that makes a cache with further arguments of CACHES."""

    def make(**arguments: Any) -> BaseCache:
        entry = {**settings.CACHES["default"], **arguments}
        settings.CACHES = {**settings.CACHES, "default": entry}
        return caches["default"]

    return make


@pytest.mark.parametrize(
    ("arguments", "lives", "is_gone_after"),
    [
        ({}, 290, 20),  # TIMEOUT: 300 seconds by default
        ({"TIMEOUT": 50}, 40, 20),
        ({"TIMEOUT": None}, NEVER, None),  # keys never expire
        ({"TIMEOUT": 0}, None, 0),  # keys immediately expire
    ],
    ids=str,
)
def test_timeout(make, forward, arguments, lives, is_gone_after):
    cache = make(**arguments)
    cache.set("set", 1)
    cache.add("added", 1)
    cache.set_many({"many": 1})
    cache.get_or_set("computed", 1)
    cache.set("touched", 1, HOUR)
    cache.touch("touched")
    every = {"set", "added", "many", "computed", "touched"}
    if lives is not None:
        forward(lives)
        assert cache.get_many(every).keys() == every
    if is_gone_after is not None:
        forward(is_gone_after)
        assert cache.get_many(every) == {}


def test_key_prefix_version_and_key_function_make_the_key(make):
    plain = make()
    plain.set("a", "plain")
    named = make(
        KEY_PREFIX="site",
        VERSION=7,
        KEY_FUNCTION="tests.cachelayer.test_documented.key",
    )
    named.set("a", "named")

    assert named.make_key("a") == "a|site|7"
    assert (named.get("a"), named.get("a", version=7)) == ("named", "named")
    assert named.get("a", version=1) is None
    assert named.incr_version("a") == 8
    assert (named.get("a"), named.get("a", version=8)) == (None, "named")
    assert make(KEY_PREFIX="", VERSION=1, KEY_FUNCTION=None).get("a") == "plain"


def key(name: str, prefix: str, version: int) -> str:
    return f"{name}|{prefix}|{version}"


def refusal(call: Callable[[], object]) -> type[Exception] | None:
    try:
        call()
    except Exception as error:
        return type(error)
    return None


def counted(cache: BaseCache) -> tuple[Any, list[int]]:
    """What `get_or_set` with a callable returns on a hit, and the calls."""
    calls: list[int] = []
    cache.set("a", 0)
    return cache.get_or_set("a", lambda: calls.append(1)), calls


PROMISES: dict[str, tuple[Callable[[BaseCache], Any], Any]] = {
    "a stored falsy value is not the default": (
        lambda c: [
            c.get("a", "default") for v in (0, "", [], False) if c.set("a", v) is None
        ],
        [0, "", [], False],
    ),
    "get_or_set stores None": (
        lambda c: (c.get_or_set("a", None), c.get("a", "default")),
        (None, None),
    ),
    "get_or_set calls nothing on a hit": (counted, (0, [])),
    "touch of a missing key is False": (lambda c: c.touch("a"), False),
    "add does not touch what is there": (
        lambda c: (c.set("a", 1, None), c.add("a", 2, 0), c.get("a"))[1:],
        (False, 1),
    ),
    "delete of a missing key is False": (lambda c: c.delete("a"), False),
    "delete_many is silent about missing keys": (
        lambda c: c.delete_many(["a", "b"]),
        None,
    ),
    "incr takes any delta": (
        lambda c: (c.set("n", 1), c.incr("n", 10), c.decr("n", 5), c.incr("n", -3))[1:],
        (11, 6, 3),
    ),
    "incr and decr of a missing key": (
        lambda c: [refusal(lambda: c.incr("a")), refusal(lambda: c.decr("a"))],
        [ValueError, ValueError],
    ),
    "incr of what is no number leaves it": (
        lambda c: (c.set("a", "x"), refusal(lambda: c.incr("a")), c.get("a"))[1:],
        (TypeError, "x"),
    ),
    "a version of a missing key": (
        lambda c: [
            refusal(lambda: c.incr_version("a")),
            refusal(lambda: c.decr_version("a")),
        ],
        [ValueError, ValueError],
    ),
    "in is has_key of the default version": (
        lambda c: (c.set("a", 1, version=2), "a" in c, c.has_key("a", version=2))[1:],
        (False, True),
    ),
    "set_many names what it could not store": (
        lambda c: c.set_many({"small": 1, "large": b"x" * 60_000}),
        ["large"],
    ),
    "several closings": (lambda c: (c.close(), c.close(), c.get("a")), (None,) * 3),
}


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise(make, settings, each_backend, promise):
    limit = {"memory": "MAX_BYTES", "redis": "MAX_VALUE"}[each_backend]
    cache = make(
        OPTIONS={**settings.CACHES["default"].get("OPTIONS", {}), limit: 50_000}
    )
    act, expected = PROMISES[promise]

    assert act(cache) == expected


def test_another_thread_has_a_cache_object_of_its_own_and_the_same_values(make):
    cache = make()
    cache.set("a", "value")

    other, value = elsewhere(lambda: (caches["default"], caches["default"].get("a")))

    assert caches["default"] is cache
    assert other is not cache
    assert value == "value"


def test_an_alias_that_is_not_there(make):
    make()
    with pytest.raises(InvalidCacheBackendError):
        caches["nowhere"]


@pytest.mark.parametrize("backend", [MemoryCache, RedisCache])
def test_no_public_method_of_django_is_missing_or_lacks_its_async_variant(backend):
    public = {
        name
        for name, member in inspect.getmembers(LocMemCache, inspect.isfunction)
        if not name.startswith("_")
    }
    for name in public:
        ours, theirs = getattr(backend, name), getattr(LocMemCache, name)
        assert ours is not getattr(BaseCache, name) or name not in REQUIRED, name
        if inspect.iscoroutinefunction(theirs):
            assert inspect.iscoroutinefunction(ours), name
            assert hasattr(backend, name.removeprefix("a"))


REQUIRED = {"add", "get", "set", "touch", "delete", "clear"}


@pytest.mark.parametrize("engine", ["cache", "cached_db"])
@pytest.mark.django_db
def test_sessions_are_kept_in_it(make, engine):
    make()
    store = import_module(f"django.contrib.sessions.backends.{engine}").SessionStore
    session = store()
    session["cart"] = [1, {"two": 2}]
    session.save()

    assert store(session.session_key)["cart"] == [1, {"two": 2}]
    assert store(session.session_key).exists(session.session_key)
    session.delete()
    assert "cart" not in store(session.session_key)


class TestValues:
    """MemoryCache returns immutable values themselves, and copies of all others."""

    @pytest.mark.parametrize("value", [b"x" * 2000, "y" * 2000, 10**40, 1.5e300])
    def test_immutable_values_are_returned_without_a_copy(self, value):
        cache = caches["default"]
        cache.set("a", value)

        assert cache.get("a") is value
        assert cache.get_many(["a"])["a"] is value
        assert async_to_sync(cache.aget)("a") is value

    @pytest.mark.parametrize("value", [[[1]], {"a": [1]}, ([1],), {1}, bytearray(b"1")])
    def test_other_values_are_copied_for_each_reader(self, value):
        cache = caches["default"]
        cache.set("a", value)

        one, other = cache.get("a"), cache.get_or_set("a", None)

        assert one == other == value
        assert one is not other
        assert value is not one
