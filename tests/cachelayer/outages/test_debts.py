"""What could not be retired in the server is, before anything is read again."""

import pytest

from cachelayer.backends import RedisCache
from cachelayer.redis.client import RemoteLimits
from cachelayer.redis.pending import Debts, slots_in
from cachelayer.redis.values import RemoteStore
from tests.cachelayer.forks import fork, succeeded
from tests.cachelayer.outages.own_server import OwnServer, settled, until

pytestmark = pytest.mark.valkey


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
