"""A hypothesis state machine: a cache beside a model of it.

The model is a dict with a clock that moves when a rule says so. Every public method, or
its async variant, must answer as the model does.
"""

from collections.abc import Callable
from typing import Any

from asgiref.sync import async_to_sync
from django.core.cache import BaseCache
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

# No sum of MOVES is within ten seconds of a timeout, because real time passes too.
TIMEOUT, MOVES = 2000, (310, 1130)
PATHS = {"/a": "/a", "/a/b": "/a/b", "b": "b", "custom:/a/b:x": "/a/b"}
COVERED = {
    "/a/*": {"/a", "/a/b"},
    "/a": {"/a"},
    "/a/b/*": {"/a/b"},
    "b": {"b"},
    "re:^/a/.": {"/a", "/a/b"},
    "/*": {"/a", "/a/b", "b"},
    "/c/*": set(),
}
MISSING = object()
keys, versions = st.sampled_from(sorted(PATHS)), st.sampled_from([None, 1, 2])
many = st.lists(keys, max_size=4)
scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3)
values = scalars | st.binary(max_size=3) | st.lists(scalars, max_size=2)
# Hypothesis tries the first ones first.
timeouts = st.sampled_from([..., 1000, 3000.5, None, 0, -1])
Live = dict[
    tuple[int, str, int], tuple[Any, float]
]  # (cache, key, version): (value, time of expiry)


class CacheMachine(RuleBasedStateMachine):
    """Two caches in one store, separated by their KEY_PREFIX."""

    def __init__(
        self, caches: tuple[BaseCache, BaseCache], forward: Callable[[float], None]
    ) -> None:
        super().__init__()
        self.caches, self.forward = caches, forward
        self.live: Live = {}
        self.now = 0.0
        caches[0].clear()

    @initialize(which=st.sampled_from([0, 1]), asynchronous=st.booleans())
    def choose(self, which: int, asynchronous: bool) -> None:
        self.which, self.asynchronous = which, asynchronous

    @rule(which=st.sampled_from([0, 1]), asynchronous=st.booleans())
    def change_sides(self, which: int, asynchronous: bool) -> None:
        self.choose(which, asynchronous)

    def call(self, name: str, *args: Any, **options: Any) -> Any:
        cache = self.caches[self.which]
        if options.get("timeout") is ...:
            del options["timeout"]
        if self.asynchronous:
            return async_to_sync(getattr(cache, f"a{name}"))(*args, **options)
        return getattr(cache, name)(*args, **options)

    def place(self, key: str, version: int | None) -> tuple[int, str, int]:
        return self.which, key, 1 if version is None else version

    def peek(self, key: str, version: int | None, default: Any = MISSING) -> Any:
        value, end = self.live.get(self.place(key, version), (default, 0.0))
        return value if end > self.now else default

    def put(self, key: str, version: int | None, value: Any, timeout: Any) -> None:
        seconds = TIMEOUT if timeout is ... else timeout
        end = float("inf") if seconds is None else self.now + seconds
        self.live[self.place(key, version)] = value, end

    def forget(self, key: str, version: int | None) -> None:
        self.live.pop(self.place(key, version), None)

    @rule(move=st.sampled_from(MOVES))
    def time_passes(self, move: int) -> None:
        self.forward(move)
        self.now += move

    @rule(key=keys, version=versions)
    def get(self, key: str, version: int | None) -> None:
        expected = self.peek(key, version, "default")
        value = self.call("get", key, "default", version=version)
        assert (type(value), value) == (type(expected), expected)
        if isinstance(value, list):
            value.append("a reader's own copy")

    @rule(key=keys, version=versions)
    def has_key(self, key: str, version: int | None) -> None:
        exists = self.peek(key, version) is not MISSING
        assert self.call("has_key", key, version=version) is exists
        if version is None:
            assert (key in self.caches[self.which]) is exists

    @rule(key=keys, version=versions, value=values, timeout=timeouts)
    def set(self, key: str, version: int | None, value: Any, timeout: Any) -> None:
        assert self.call("set", key, value, timeout=timeout, version=version) is None
        self.put(key, version, value, timeout)

    @rule(key=keys, version=versions, value=values, timeout=timeouts)
    def add(self, key: str, version: int | None, value: Any, timeout: Any) -> None:
        free = self.peek(key, version) is MISSING
        added = self.call("add", key, value, timeout=timeout, version=version)
        assert added is free
        if free:
            self.put(key, version, value, timeout)

    @rule(key=keys, version=versions, timeout=timeouts)
    def touch(self, key: str, version: int | None, timeout: Any) -> None:
        value = self.peek(key, version)
        touched = self.call("touch", key, timeout=timeout, version=version)
        assert touched is (value is not MISSING)
        if touched:
            self.put(key, version, value, timeout)

    @rule(key=keys, version=versions, delta=st.integers(-3, 3), down=st.booleans())
    def incr(self, key: str, version: int | None, delta: int, down: bool) -> None:
        value, name = self.peek(key, version), "decr" if down else "incr"
        try:
            result = self.call(name, key, delta, version=version)
        except ValueError:
            assert value is MISSING
        except TypeError:
            assert not isinstance(value, int)
        else:
            assert result == value + (-delta if down else delta)
            place = self.place(key, version)
            self.live[place] = result, self.live[place][1]

    @rule(key=keys, version=versions)
    def delete(self, key: str, version: int | None) -> None:
        exists = self.peek(key, version) is not MISSING
        assert self.call("delete", key, version=version) is exists
        self.forget(key, version)

    @rule(several=many, version=versions)
    def get_many(self, several: list[str], version: int | None) -> None:
        live = {key: self.peek(key, version) for key in several}
        expected = {key: v for key, v in live.items() if v is not MISSING}
        assert self.call("get_many", iter(several), version=version) == expected

    @rule(
        several=st.dictionaries(keys, values, max_size=4),
        version=versions,
        timeout=timeouts,
    )
    def set_many(
        self, several: dict[str, Any], version: int | None, timeout: Any
    ) -> None:
        failed = self.call("set_many", several, timeout=timeout, version=version)
        assert failed == []
        for key, value in several.items():
            self.put(key, version, value, timeout)

    @rule(several=many, version=versions)
    def delete_many(self, several: list[str], version: int | None) -> None:
        assert self.call("delete_many", iter(several), version=version) is None
        for key in several:
            self.forget(key, version)

    @rule(
        key=keys,
        version=versions,
        value=values,
        timeout=timeouts,
        computed=st.booleans(),
    )
    def get_or_set(
        self, key: str, version: int | None, value: Any, timeout: Any, computed: bool
    ) -> None:
        default = (lambda: value) if computed else value
        expected = self.peek(key, version, value)
        result = self.call("get_or_set", key, default, timeout=timeout, version=version)
        assert result == expected
        if self.peek(key, version) is MISSING:
            self.put(key, version, value, timeout)

    @rule(key=keys, version=versions, down=st.booleans())
    def incr_version(self, key: str, version: int | None, down: bool) -> None:
        value, name = self.peek(key, version), "decr" if down else "incr"
        try:
            new_version = self.call(f"{name}_version", key, version=version)
        except ValueError:
            assert value is MISSING
        else:
            assert new_version == (version or 1) + (-1 if down else 1)
            self.put(key, new_version, value, ...)
            self.forget(key, version)

    @rule(pattern=st.sampled_from(sorted(COVERED)))
    def invalidate_pattern(self, pattern: str) -> None:
        """A pattern invalidates entries of every prefix and version."""
        self.caches[self.which].invalidate_pattern(pattern)
        invalidated = COVERED[pattern]
        self.live = {
            at: v for at, v in self.live.items() if PATHS[at[1]] not in invalidated
        }

    @rule()
    def clear(self) -> None:
        self.call("clear")
        self.live = {}

    @rule()
    def close(self) -> None:
        self.call("close")

    def teardown(self) -> None:
        alive = [end for _, end in self.live.values() if end > self.now]
        size = self.caches[0].get_stats()["size"]
        assert size == len(alive), (size, self.live, self.now)
