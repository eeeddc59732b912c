"""Pending invalidations reach the server before anything is read from it again."""

import pytest

from cachelayer.backends import RedisCache
from cachelayer.backends.redis import RedisStore
from cachelayer.redis.client import RedisOptions
from cachelayer.redis.pending import PendingInvalidations, slots_in
from tests.cachelayer.forks import fork, succeeded
from tests.cachelayer.outages.own_server import OwnServer, settled, until

pytestmark = pytest.mark.valkey


def read_after_outage(server: OwnServer, cache: RedisCache) -> object:
    """The first read after an invalidation that did not reach the server."""
    cache.set("/a", "old")
    server.freeze()
    assert cache.get("/a") is None  # the circuit breaker is open: nothing is sent
    cache.invalidate_pattern("/a")
    server.thaw()
    settled(cache)
    return cache.get("/a")


def test_a_pending_invalidation_is_delivered_before_anything_is_read(server, cache):
    assert read_after_outage(server, cache) is None


def test_without_pending_invalidations_the_old_is_served(server, cache, monkeypatch):
    monkeypatch.setattr(PendingInvalidations, "add", lambda self, slots: None)

    assert read_after_outage(server, cache) == "old"


def invalidate_in_another_process(server: OwnServer, cache: RedisCache) -> None:
    """While the server is frozen, another process of the host invalidates and ends."""
    cache.set("/a", "old")
    server.freeze()
    assert succeeded(fork(lambda: cache.invalidate_pattern("/a")))
    server.thaw()


def test_other_processes_of_the_host_refuse_to_read_until_it_is_delivered(
    server, cache
):
    invalidate_in_another_process(server, cache)

    assert cache.get("/a") is None
    settled(cache)
    assert cache.get("/a") is None


def seen_elsewhere(server: OwnServer, writer: RedisCache, reader: RedisCache) -> object:
    """The first read of another host that recovers before the writing host does."""
    writer.set("/a", "old")
    server.freeze()
    assert (writer.get("/a"), reader.get("/a")) == (None, None)
    writer.invalidate_pattern("/a")
    server.thaw()
    settled(reader)
    return reader.get("/a")


def test_a_host_waits_for_the_pending_invalidations_of_another(server, make):
    writer, reader = make("here", RETRY=0.3), make("there", RETRY=0.3)

    assert seen_elsewhere(server, writer, reader) is None


def test_without_settling_another_host_may_read_the_old(server, make, monkeypatch):
    monkeypatch.setattr(RedisOptions, "settling", 0.0)
    writer, reader = make("here", RETRY=5.0), make("there")

    assert seen_elsewhere(server, writer, reader) == "old"


class TestFile:
    """The file of pending invalidations."""

    def test_what_is_added_during_a_delivery_stays(self, tmp_path):
        pending = PendingInvalidations(tmp_path / "pending")
        pending.add([1, 2])
        listed = pending.read()
        pending.add([3])
        pending.remove(listed)
        assert slots_in(pending.read()) == {1, 2, 3}
        pending.remove(pending.read())
        assert not pending.exist()

    def test_a_long_list_means_everything(self, tmp_path):
        pending = PendingInvalidations(tmp_path / "pending")
        for _ in range(3):
            pending.add(range(20_000))
            listed = pending.read()
            assert slots_in(listed) is None
        assert len(listed) < 100

    def test_an_incomplete_line_means_everything(self):
        assert slots_in(b"1,2\n34") is None
        assert slots_in(b"1,2\n34\n") == {1, 2, 34}

    def test_what_cannot_be_written_stays_in_memory(self, tmp_path, caplog):
        pending = PendingInvalidations(tmp_path / "pending")
        (tmp_path / "pending").mkdir()
        pending.add([1])
        assert pending.exist()
        assert "cannot be written" in caplog.text


def test_two_stores_of_one_host_share_the_file(server, make):
    one = make()
    other = RedisStore(server.url, one.store.options)
    server.freeze()
    one.set("/a", 1)

    assert not other.client.readable()
    server.thaw()
    until(other.client.readable)
    other.client.close()
