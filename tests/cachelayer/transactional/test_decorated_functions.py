"""Plain functions, sync and async: keys from arguments, the user tier, tags."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser, User

from cachelayer import (
    cache_branch_data,
    cache_endpoint,
    cache_global_data,
    cache_manager,
    cache_user_data,
    cached,
)
from cachelayer.keys import UnkeyableArgument

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("each_backend"),
]
calls: list[object] = []


@pytest.fixture(autouse=True)
def forget_calls():
    calls.clear()


@cache_endpoint(ttl=600, pattern="/things/{thing}/*")
def look_up(thing: str, *, size: int = 1):
    """Looks it up."""
    calls.append(thing)
    return {"thing": thing, "size": size}


@cache_global_data
def nothing():
    calls.append("nothing")


@cache_user_data
def greeting(user, word="hello"):
    calls.append(user)
    return f"{word} {user}"


@cache_branch_data(pattern="/async/*")
async def slowly(number: int):
    calls.append(number)
    return None if number == 0 else number * 2


def test_a_function_is_computed_once_per_arguments():
    assert look_up("a") == look_up(thing="a") == look_up("a", size=1)
    assert look_up("a", size=2)["size"] == 2
    assert calls == ["a", "a"]
    assert look_up.__doc__ == "Looks it up."


def test_none_is_cached():
    nothing()
    nothing()

    assert calls == ["nothing"]


def test_a_caller_cannot_change_what_the_next_one_gets():
    look_up("a")["thing"] = "changed"

    assert look_up("a")["thing"] == "a"


@pytest.mark.parametrize("pattern", ["/things/a/*", "/things/*", "/*"])
def test_the_declared_pattern_invalidates_it(pattern):
    look_up("a")

    cache_manager.invalidate_pattern(pattern)
    look_up("a")

    assert len(calls) == 2


def test_another_placeholder_does_not_invalidate_it():
    look_up("a")

    cache_manager.invalidate_pattern("/things/b/*")
    look_up("a")

    assert len(calls) == 1


def test_invalidate_invalidates_one_call_or_all():
    look_up("a")
    look_up("b")

    look_up.invalidate("a")
    look_up("a")
    look_up("b")
    assert calls == ["a", "b", "a"]

    look_up.invalidate()
    look_up("b")
    assert calls == ["a", "b", "a", "b"]


def test_the_key_says_tier_path_hash_and_user():
    tier, path, digest, user = look_up.cache_key("a").split(":")

    assert (tier, path, user) == ("endpoint", "/things/a/*", "")
    assert len(digest) == 32
    assert cache_manager.get(look_up.cache_key("a")) is None
    look_up("a")
    assert cache_manager.get(look_up.cache_key("a")) == {"thing": "a", "size": 1}


def test_two_functions_of_one_name_do_not_share():
    def make(value):
        @cached(cache_type="global")
        def same():
            return value

        same.__wrapped__.__qualname__ = "same"
        return same

    assert make(1)() == 1
    other = make(2)

    assert nothing.cache_key() != other.cache_key()


def test_a_key_function_takes_the_keyword_arguments():
    @cache_endpoint(
        pattern="/numbered/{number}/*",
        key_function=lambda kwargs: f"custom:{kwargs['number']}",
    )
    def numbered(number, ignored=None):
        calls.append(number)
        return number

    assert numbered(1, ignored=object()) == numbered(1) == 1
    assert numbered(2) == 2
    assert calls == [1, 2]
    cache_manager.invalidate_pattern("/numbered/1/*")
    numbered(1)
    assert calls == [1, 2, 1]


def test_an_argument_without_stable_text_names_the_remedy():
    with pytest.raises(UnkeyableArgument, match="pass key_function"):
        look_up(object())


def test_the_user_tier_needs_to_know_whose():
    with pytest.raises(TypeError, match="user or user_id"):

        @cache_user_data
        def anyones(word):
            return word


def test_an_unknown_tier_is_refused():
    with pytest.raises(TypeError, match="endpoint, global, user, branch"):
        cached(lambda: None, cache_type="planet")


def test_each_user_has_values_of_their_own():
    ann, bob = (User.objects.create(username=name) for name in ("ann", "bob"))

    assert greeting(ann) == "hello ann"
    assert greeting(bob) == "hello bob"
    assert greeting(ann) == "hello ann"
    assert calls == [ann, bob]
    cache_manager.invalidate_pattern(f"/user/{ann.pk}/*")
    greeting(ann)
    greeting(bob)
    assert calls == [ann, bob, ann]


def test_what_a_cached_value_is_made_of_invalidates_it_too():
    @cache_global_data(pattern="/outer")
    def outer():
        calls.append("outer")
        return look_up("a")

    outer()
    cache_manager.invalidate_pattern("/things/a/*")
    outer()

    assert calls == ["outer", "a", "outer", "a"]


def test_a_coroutine_function_stays_one_and_is_computed_once():
    async def walk():
        first = [await slowly(1), await slowly(1)]
        return first, [await slowly(0), await slowly(0)]

    assert async_to_sync(walk)() == ([2, 2], [None, None])
    assert calls == [1, 0]


def test_a_coroutine_function_is_invalidated_like_others():
    async_to_sync(slowly)(1)

    cache_manager.invalidate_pattern("/async/*")
    async_to_sync(slowly)(1)

    assert calls == [1, 1]


def test_threads_that_miss_at_once_compute_once():
    started = threading.Barrier(4)

    @cache_global_data
    def once():
        calls.append("computed")
        while not waiting():
            pass
        return "value"

    def waiting() -> bool:
        return started.n_waiting == 0

    def read(_):
        started.wait(20)
        return once()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, range(4))) == ["value"] * 4
    assert calls == ["computed"]


def test_a_thread_that_waits_too_long_computes_itself(settings):
    settings.CACHELAYER = {**settings.CACHELAYER, "SINGLE_FLIGHT_WAIT": 0.01}
    leading, done = threading.Event(), threading.Event()

    @cache_global_data
    def slow():
        calls.append(threading.current_thread().name)
        if len(calls) == 1:
            leading.set()
            assert done.wait(20)
        return len(calls)

    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(slow)
        assert leading.wait(20)
        assert slow() == 2
        done.set()
        assert leader.result(20) == 2


def test_a_function_that_fails_lets_the_next_one_try():
    @cache_global_data
    def failing():
        calls.append("tried")
        if len(calls) == 1:
            raise ValueError("first")
        return "second"

    with pytest.raises(ValueError, match="first"):
        failing()

    assert failing() == "second"


def test_functions_of_one_factory_do_not_share():
    def times(factor):
        @cache_endpoint
        def multiplied(number):
            return number * factor

        return multiplied

    assert [times(factor)(5) for factor in (2, 3)] == [10, 15]


@pytest.mark.parametrize("nobody", [None, AnonymousUser(), User(username="unsaved")])
def test_values_of_the_user_tier_without_a_user_are_not_stored(nobody):
    assert [greeting(nobody) for _ in range(2)] == [f"hello {nobody}"] * 2
    assert len(calls) == 2


def test_a_raw_value_that_was_read_invalidates_what_is_made_of_it():
    @cache_endpoint
    def doubled():
        return 2 * cache_manager.get("/numbers/one")

    cache_manager.set("/numbers/one", 1)
    assert doubled() == 2
    cache_manager.set("/numbers/one", 5)

    assert doubled() == 10
