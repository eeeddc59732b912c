"""What only RedisCache does: bytes or JSON on the wire, locks among hosts, options."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import redis
from django.core.exceptions import ImproperlyConfigured
from django.utils.safestring import mark_safe
from hypothesis import given
from hypothesis import strategies as st

from cachelayer import cache_endpoint, cache_manager
from cachelayer.backends import RedisCache
from cachelayer.entries import Unstorable
from cachelayer.http import StoredResponse
from cachelayer.redis.values import Unreadable, decode, encode, encode_head
from cachelayer.transactions import backend
from tests.cachelayer.backends import WORKER, redis_cache
from tests.cachelayer.forks import fork, succeeded

pytestmark = pytest.mark.valkey
HEAD = b"7 9" + encode_head("raw", [8, 65_543])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.fixture
def client(valkey_url):
    with redis.Redis.from_url(valkey_url) as client:
        yield client


@pytest.fixture
def cache(valkey_url, settings, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    settings.CACHES = {**settings.CACHES, "default": redis_cache(valkey_url, folder)}
    backend().clear()
    return backend()


@pytest.fixture
def make(valkey_url, tmp_path):
    made = []

    def make(**options):
        entry = redis_cache(valkey_url, tmp_path, **options)
        made.append(RedisCache(entry["LOCATION"], {"OPTIONS": entry["OPTIONS"]}))
        return made[-1]

    yield make
    for each in made:
        each.store.client.close()


def name_of(key: str) -> str:
    return f"tests:{WORKER}:value::1:{key}"


@given(json_values | st.binary())
def test_what_is_encoded_comes_back_as_it_was(value):
    result = decode(HEAD + encode(value)).load()

    assert (type(result), repr(result)) == (type(value), repr(value))


def test_a_response_comes_back_as_it_was():
    stored = StoredResponse(b"\n\x00body", (("Content-Type", "text/plain"),), '"tag"')

    assert decode(HEAD + encode(stored)).load() == stored


def cyclic() -> list:
    made: list = []
    made.append(made)
    return made


UNSTORABLE = [
    (1, 2),
    {1: 2},
    {"a": {3}},
    [b"bytes"],
    datetime(2026, 1, 1, tzinfo=UTC),
    mark_safe("text"),
    bytearray(b"x"),
    object(),
    cyclic(),
]


@pytest.mark.parametrize("value", UNSTORABLE, ids=lambda value: type(value).__name__)
def test_what_would_not_come_back_as_it_was_is_refused(cache, value):
    cache_manager.set("a", "former")

    with pytest.raises(TypeError, match="stored"):
        cache_manager.set("a", value)
    assert cache_manager.get("a") == "former"


def test_a_decorator_does_not_store_it_and_says_so(cache, caplog):
    calls = []

    @cache_endpoint
    def pair():
        calls.append(1)
        return (1, 2)

    assert [pair(), pair()] == [(1, 2), (1, 2)]
    assert len(calls) == 2
    assert "builtins.tuple cannot be stored" in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"garbage",
        pickle.dumps({"a": 1}),
        b"\n",
        HEAD,
        HEAD + b"x?",
        HEAD + b"j{",
        HEAD + b"j" + b"[" * 100_000,
        HEAD + b'r["no response"]\n',
        HEAD + b'r["tag", 1.0, [["A", "b\\nc"]]]\nbody',
        HEAD + b'r[1, "x", 5]\nbody',
        b"7 9 raw 7\njnull",
        b"7 9 raw 65544\njnull",
        b"7 9 nowhere 8\njnull",
        b"-7 9 raw 8\njnull",
        b"9" * 400_000,
    ],
    ids=range(16),
)
def test_wrong_bytes_are_a_miss(cache, client, wrong):
    with pytest.raises(Unreadable):
        decode(wrong)
    client.set(name_of("a"), wrong)

    assert cache.get("a", "missed") == "missed"
    assert cache.get_many(["a"]) == {}
    assert cache.get_stats()["size"] >= 0
    assert cache.add("a", "mine") is True
    assert cache.get("a") == "mine"


def test_a_key_of_another_type_is_a_miss_and_is_replaced(cache, client):
    client.delete(name_of("a"))
    client.rpush(name_of("a"), "x")

    assert cache.get("a") is None
    assert cache.get_stats()["size"] >= 0
    assert cache.add("a", 1) is True
    assert cache.get("a") == 1


def test_nothing_on_the_wire_is_pickled(cache, client):
    cache.set("a", {"b": [1, "c"]})

    assert client.get(name_of("a")).endswith(b'\nj{"b":[1,"c"]}')


def test_values_expire_in_the_server(cache, client):
    cache.set("a", 1, 100)
    cache.set("b", 1, None)
    cache.set("c", 1, 1e30)

    assert 90_000 < client.pttl(name_of("a")) <= 100_000
    assert client.pttl(name_of("b")) == -1
    assert cache.get("c") == 1


def test_what_is_too_long_is_not_stored_and_what_was_there_is_gone(make):
    cache = make(MAX_VALUE=100)
    token = cache.token()
    cache.set("a", "short")

    cache.set("a", "x" * 100)

    assert cache.get("a") is None
    assert cache.add("a", "x" * 100) is False
    assert not cache.fill("b", b"x" * 100, token=token, slots=(), ttl=9, tier="raw")
    assert cache.get_stats()["max_value"] == 100


def test_incr_loses_nothing_among_threads_and_processes(make):
    cache, each = make(), 50
    cache.set("n", 0)

    def count() -> None:
        for _ in range(each):
            cache.incr("n")

    children = [fork(count), fork(count)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: count(), range(2)))

    assert all(map(succeeded, children))
    assert cache.get("n") == 4 * each


def test_add_is_won_by_one(make):
    cache = make()
    for round_number in range(20):
        key = f"lock{round_number}"
        cache.delete(key)
        with ThreadPoolExecutor(4) as pool:
            won = list(pool.map(lambda n, key=key: cache.add(key, n), range(4)))
        assert won.count(True) == 1
        assert cache.get(key) == won.index(True)


def test_threads_that_meet_an_empty_server_get_one_token(make, client):
    """With different tokens, no thread could wait for another's computation."""
    cache = make()
    client.delete(cache.store.stamps)

    tokens = [cache.store.bump(()) for _ in range(2)]  # as of look-ups that cross

    assert tokens[0] == tokens[1] == cache.token()
    assert cache.store.bump({9}).epoch == tokens[0].epoch + 1


def test_prefixes_and_versions_are_apart(make):
    one, other = make(PREFIX=f"{WORKER}:one:"), make(PREFIX=f"{WORKER}:other:")
    one.set("a", 1)
    other.set("a", 2)

    other.clear()

    assert (one.get("a"), other.get("a"), one.get("a", version=2)) == (1, None, None)


def test_clear_leaves_what_is_not_ours(cache, client):
    client.set(f"{WORKER}:another", "kept")
    cache.clear()

    assert client.get(f"{WORKER}:another") == b"kept"


def test_a_size_is_of_its_prefix_alone(make, client):
    cache = make(PREFIX=f"{WORKER}:[a]*:")
    client.set(f"{WORKER}:ab:value::1:x", "another")
    cache.clear()
    cache.set_many({f"k{number}": number for number in range(30)})

    stats = cache.get_stats()

    assert (stats["size"], stats["complete"], stats["server"]) == (30, True, "ok")


def test_the_host_counts_with_it(make):
    cache = make()
    cache.get("never set")
    assert succeeded(fork(lambda: cache.get("never set")))

    assert cache.get_stats()["misses"] == 1
    assert cache.get_stats()["host"]["misses"] == 2


@pytest.mark.parametrize(
    ("location", "options", "message"),
    [
        ("redis://127.0.0.1", {}, "FOLDER"),
        ("redis://127.0.0.1", {"MAX_ENTRIES": 1}, "Unknown option 'MAX_ENTRIES'"),
        ("redis://127.0.0.1", {"FOLDER": "/tmp", "TIMEOUT": 0}, "TIMEOUT"),  # noqa: S108
        ("redis://127.0.0.1", {"FOLDER": "/tmp", "RETRY": "1"}, "RETRY"),  # noqa: S108
        ("redis://127.0.0.1", {"FOLDER": "/tmp", "BUDGET": 0.1}, "twice"),  # noqa: S108
        ("/var/cache", {}, "LOCATION"),
    ],
)
def test_a_wrong_option_is_named(location, options, message, tmp_path):
    chosen = options if location != "/var/cache" else {"FOLDER": str(tmp_path)}
    with pytest.raises(ImproperlyConfigured, match=message):
        RedisCache(location, {"OPTIONS": chosen})


def test_unstorable_is_a_type_error():
    assert issubclass(Unstorable, TypeError)
