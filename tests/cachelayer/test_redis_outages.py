"""The server is killed, frozen, slow, emptied or full: misses, and nothing stale."""

import time
from collections.abc import Iterator

import pytest
import redis

from cachelayer.backends import RedisCache
from cachelayer.remote.debts import Debts, slots_in
from cachelayer.remote.limits import RemoteLimits
from cachelayer.remote.stores import RemoteStore
from tests.cachelayer.forks import fork, succeeded
from tests.cachelayer.own_server import OwnServer, until

pytestmark = [pytest.mark.valkey, pytest.mark.xdist_group("outages")]
OPTIONS = {"PREFIX": "p:", "TIMEOUT": 0.2, "BUDGET": 0.8, "RETRY": 0.05}


@pytest.fixture
def server(tmp_path) -> Iterator[OwnServer]:
    own = OwnServer(tmp_path / "server")
    yield own
    own.stop()


@pytest.fixture
def make(server, tmp_path):
    """A backend of a host: another folder is another host."""
    made: list[RedisCache] = []

    def make(host: str = "here", **options) -> RedisCache:
        chosen = {**OPTIONS, "FOLDER": str(tmp_path / host), **options}
        made.append(RedisCache(server.url, {"OPTIONS": chosen}))
        return made[-1]

    yield make
    for cache in made:
        cache.store.link.close()


@pytest.fixture
def cache(make):
    return make()


def settled(cache: RedisCache) -> None:
    until(lambda: not cache.out_of_service())


def walk(cache: RedisCache) -> None:
    """Everything there is, while nothing answers."""
    assert cache.get("/a", "missed") == "missed"
    cache.set("/a", 1)
    assert cache.add("/b", 1) is False
    assert cache.touch("/a") is False
    assert cache.delete("/a") is False
    assert cache.get_many(["/a", "/b"]) == {}
    assert cache.get_or_set("/a", lambda: 2) == 2
    assert "/a" not in cache
    with pytest.raises(ValueError, match="not found"):
        cache.incr("/a")
    cache.set_many({"/a": 1})
    cache.delete_many(["/a"])
    cache.invalidate_pattern("/a/*")
    cache.clear()
    cache.retire_all()
    token, found = cache.lookup("/a")
    cache.fill("/a", 1, token=token, slots=(), ttl=60, tier="raw")
    assert (token, found, cache.token()) == (None, None, None)
    assert cache.get_stats()["size"] is None


@pytest.mark.parametrize("outage", ["kill", "freeze"])
def test_every_method_answers_within_the_budget(server, cache, caplog, outage):
    cache.set("/a", "before")
    getattr(server, outage)()
    started = time.monotonic()

    walk(cache)

    assert time.monotonic() - started < OPTIONS["BUDGET"]
    assert cache.out_of_service()
    assert cache.why_out_of_service() in caplog.text
    assert "cache out of service" in caplog.text


@pytest.mark.parametrize("outage", ["kill", "freeze"])
def test_it_comes_back_by_itself_and_what_was_retired_meanwhile_is_gone(
    server, cache, outage, caplog
):
    cache.set("/a", "old")
    getattr(server, outage)()
    cache.invalidate_pattern("/a")

    server.start() if outage == "kill" else server.thaw()
    settled(cache)

    assert cache.get("/a") is None
    cache.set("/a", "new")
    assert cache.get("/a") == "new"
    assert "cache back" in caplog.text


def test_what_nobody_retired_survives_a_freeze(server, cache):
    cache.set("/a", "value")
    server.freeze()
    assert cache.get("/a") is None

    server.thaw()
    settled(cache)

    assert cache.get("/a") == "value"


def frozen_retirement(server: OwnServer, cache: RedisCache) -> object:
    """What is read first after a change that the server did not hear of."""
    cache.set("/a", "old")
    server.freeze()
    assert cache.get("/a") is None  # the breaker is open: nothing more is sent
    cache.invalidate_pattern("/a")
    server.thaw()
    settled(cache)
    return cache.get("/a")


def test_a_retirement_is_delivered_before_anything_is_read(server, cache):
    assert frozen_retirement(server, cache) is None


def test_without_remembering_it_the_old_value_is_served(server, cache, monkeypatch):
    monkeypatch.setattr(Debts, "owe", lambda self, slots: None)

    assert frozen_retirement(server, cache) == "old"


def other_process(server: OwnServer, cache: RedisCache) -> None:
    """A process that ends owing, on a host whose others have seen no outage."""
    cache.set("/a", "old")
    server.freeze()
    assert succeeded(fork(lambda: cache.invalidate_pattern("/a")))
    server.thaw()


def test_other_processes_of_the_host_refuse_to_read_until_it_is_delivered(
    server, cache
):
    other_process(server, cache)

    assert cache.get("/a") is None
    settled(cache)
    assert cache.get("/a") is None


def seen_elsewhere(server: OwnServer, here: RedisCache, there: RedisCache) -> object:
    """What another host that has seen the outage reads first, if it is the faster."""
    here.set("/a", "old")
    server.freeze()
    assert (here.get("/a"), there.get("/a")) == (None, None)
    here.invalidate_pattern("/a")
    server.thaw()
    settled(there)
    return there.get("/a")


def test_a_host_that_saw_the_outage_waits_for_what_another_one_owes(server, make):
    here, there = make("here", RETRY=0.3), make("there", RETRY=0.3)

    assert seen_elsewhere(server, here, there) is None


def test_without_settling_another_host_may_be_the_faster(server, make, monkeypatch):
    monkeypatch.setattr(RemoteLimits, "settling", 0.0)
    here, there = make("here", RETRY=5.0), make("there")

    assert seen_elsewhere(server, here, there) == "old"


def test_a_server_started_again_from_an_old_snapshot_proves_nothing(server, cache):
    cache.set("/a", "old")
    with server.client() as client:
        client.save()
    cache.invalidate_pattern("/a")
    server.kill()
    server.start()
    with server.client() as client:
        assert client.exists("p:value::1:/a")

    assert cache.get("/a") is None
    settled(cache)
    assert cache.get("/a") is None


def test_without_the_run_an_old_snapshot_is_served(server, cache, monkeypatch):
    def same_run(connection) -> None:
        connection.on_connect()
        connection.run = 1

    pool = cache.store.link.connections._pool
    pool.connection_kwargs["redis_connect_func"] = same_run
    test_body = test_a_server_started_again_from_an_old_snapshot_proves_nothing
    with pytest.raises(AssertionError):
        test_body(server, cache)


@pytest.mark.parametrize(
    "empty",
    [
        lambda client: client.flushall(),
        lambda client: client.delete("p:stamps"),
        lambda client: (client.delete("p:stamps"), client.rpush("p:stamps", "x")),
        lambda client: client.set("p:stamps", b"garbage " * 3),
        lambda client: client.set("p:stamps", b""),
    ],
    ids=["FLUSHALL", "evicted", "a list", "garbage", "empty"],
)
def test_without_the_stamps_nothing_is_proved_and_nothing_breaks(server, cache, empty):
    cache.set("/a", "old")
    token = cache.token()
    with server.client() as client:
        empty(client)
        cache.fill("/b", "late", token=token, slots=(), ttl=60, tier="raw")

    assert cache.get_many(["/a", "/b"]) == {}
    assert not cache.out_of_service()
    cache.set("/a", "new")
    assert cache.get_many(["/a", "/b"]) == {"/a": "new"}


def test_stamps_made_anew_do_not_prove_what_others_did(server, cache):
    """Even if the clock of the server is set back."""
    cache.set("/a", "old")
    with server.client() as client:
        held = client.get("p:value::1:/a")
        cache.invalidate_pattern("/a")
        client.delete("p:stamps")
        cache.retire(["/unrelated"])
        epoch, _, rest = held.split(b" ", 2)
        client.set("p:value::1:/a", b" ".join([b"9" * 17, held.split(b" ")[1], rest]))

    assert int(epoch) > 0
    assert cache.get("/a") is None


def test_a_full_server_retires_and_serves_and_stores_nothing(server, cache):
    cache.set("/a", "old")
    cache.set("/b", "kept")
    with server.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)

    cache.invalidate_pattern("/a")
    token = cache.token()
    stored = cache.fill("/c", "x", token=token, slots=(), ttl=60, tier="raw")

    assert stored is False
    assert cache.get_many(["/a", "/b", "/c"]) == {"/b": "kept"}
    assert not cache.out_of_service()


def test_a_slow_server_costs_a_request_its_budget_at_most(server, make, caplog):
    cache = make(TIMEOUT=0.3, BUDGET=0.6, RETRY=30.0)
    cache.get("/a")
    started = time.monotonic()
    with server.client() as client:
        for _ in range(6):
            client.client_pause(150, all=True)
            cache.get("/a")

    assert "budget" in caplog.text
    assert time.monotonic() - started < 2.0


def test_the_next_request_has_a_budget_of_its_own(server, make):
    cache = make(TIMEOUT=0.3, BUDGET=0.6)
    with server.client() as client:
        for _ in range(6):
            client.client_pause(150, all=True)
            cache.get("/a")
            cache.close()  # as Django does when a request has ended

    assert not cache.out_of_service()


def test_a_server_that_cannot_be_written_to_is_out_of_service(server, cache):
    cache.set("/a", "old")
    with server.client() as client:
        client.replicaof("127.0.0.1", 1)
        cache.invalidate_pattern("/a")

        assert cache.get("/a") is None
        assert cache.out_of_service()
        client.replicaof("NO", "ONE")
    settled(cache)
    assert cache.get("/a") is None


def test_a_password_that_is_wrong_means_misses(server, make):
    with server.client() as client:
        client.config_set("requirepass", "secret")
    cache = make()

    assert cache.get("/a") is None
    cache.set("/a", 1)
    assert "uthentication" in cache.why_out_of_service()
    with redis.Redis(port=server.port, password="secret") as client:
        client.config_set("requirepass", "")


def test_connections_that_died_while_idle_are_replaced(server, cache):
    cache.set("/a", 1)
    with server.client() as client:
        client.client_kill_filter(_type="normal", skipme=True)

    assert cache.get("/a") == 1
    assert not cache.out_of_service()


def test_a_fork_of_a_process_that_is_mending_mends_too(server, cache):
    cache.set("/a", 1)
    server.freeze()
    cache.get("/a")

    def come_back() -> None:
        server.thaw()
        settled(cache)
        assert cache.get("/a") == 1

    assert cache.out_of_service()
    assert succeeded(fork(come_back))


class TestDebts:
    """The file of what is owed."""

    def test_what_comes_in_while_it_is_delivered_stays(self, tmp_path):
        debts = Debts(tmp_path / "debts")
        debts.owe([1, 2])
        listed = debts.listed()
        debts.owe([3])
        debts.paid(listed)
        assert slots_in(debts.listed()) == {1, 2, 3}
        debts.paid(debts.listed())
        assert not debts.owed()

    def test_a_long_list_means_everything(self, tmp_path):
        debts = Debts(tmp_path / "debts")
        for _ in range(3):
            debts.owe(range(20_000))
            listed = debts.listed()
            assert slots_in(listed) is None
        assert len(listed) < 100

    def test_a_torn_line_means_everything(self):
        assert slots_in(b"1,2\n34") is None
        assert slots_in(b"1,2\n34\n") == {1, 2, 34}

    def test_what_cannot_be_written_down_is_remembered(self, tmp_path, caplog):
        debts = Debts(tmp_path / "debts")
        (tmp_path / "debts").mkdir()
        debts.owe([1])
        assert debts.owed()
        assert "cannot be written down" in caplog.text


def test_two_stores_of_one_host_share_their_debts(server, make):
    one = make()
    other = RemoteStore(server.url, one.store.limits)
    server.freeze()
    one.set("/a", 1)

    assert not other.link.readable()
    server.thaw()
    until(other.link.readable)
    other.link.close()
