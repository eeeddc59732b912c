"""The server has lost its stamps, or its values are older than the stamps."""

import pytest

from cachelayer.backends import RedisCache
from tests.cachelayer.backends import PATIENT
from tests.cachelayer.outages.own_server import settled

pytestmark = pytest.mark.valkey


@pytest.fixture
def patient(make) -> RedisCache:
    """A cache with long time limits, because a slow machine is no outage."""
    return make(**PATIENT)


def test_a_server_restarted_from_an_old_snapshot_proves_nothing_fresh(server, cache):
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

    pool = cache.store.client.connections._pool
    pool.connection_kwargs["redis_connect_func"] = same_run
    test_body = test_a_server_restarted_from_an_old_snapshot_proves_nothing_fresh
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
def test_without_stamps_nothing_is_proved_fresh_and_nothing_fails(
    server, patient, empty
):
    patient.set("/a", "old")
    token = patient.token()
    with server.client() as client:
        empty(client)
        patient.fill("/b", "late", token=token, slots=(), ttl=60, tier="raw")

    assert patient.get_many(["/a", "/b"]) == {}
    assert not patient.out_of_service()
    patient.set("/a", "new")
    assert patient.get_many(["/a", "/b"]) == {"/a": "new"}


def test_new_stamps_prove_nothing_about_older_entries(server, patient):
    """Not even if the server's clock was set back."""
    patient.set("/a", "old")
    with server.client() as client:
        entry = client.get("p:value::1:/a")
        patient.invalidate_pattern("/a")
        client.delete("p:stamps")
        patient.invalidate_tags(["/unrelated"])
        epoch, _, rest = entry.split(b" ", 2)
        client.set("p:value::1:/a", b" ".join([b"9" * 17, entry.split(b" ")[1], rest]))

    assert int(epoch) > 0
    assert patient.get("/a") is None


def test_a_full_server_invalidates_and_serves_and_stores_nothing(server, patient):
    patient.set("/a", "old")
    patient.set("/b", "kept")
    with server.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)

    patient.invalidate_pattern("/a")
    token = patient.token()
    stored = patient.fill("/c", "x", token=token, slots=(), ttl=60, tier="raw")

    assert stored is False
    assert patient.get_many(["/a", "/b", "/c"]) == {"/b": "kept"}
    assert not patient.out_of_service()
