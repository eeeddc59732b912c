"""The server is killed, frozen, slow or refuses: misses within the budget."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory

from cachelayer import cache_endpoint
from cachelayer.backends import RedisCache
from cachelayer.conf import option
from tests.cachelayer.arrivals import arrived
from tests.cachelayer.forks import fork, succeeded
from tests.cachelayer.outages.own_server import OPTIONS, settled

pytestmark = pytest.mark.valkey


def walk(cache: RedisCache) -> None:
    """Every operation answers as an empty cache while the server does not answer."""
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
    assert cache.set_many({"/a": 1}) == ["/a"]
    cache.delete_many(["/a"])
    cache.invalidate_pattern("/a/*")
    cache.clear()
    cache.invalidate_all()
    token, value = cache.lookup("/a")
    cache.fill("/a", 1, token=token, slots=(), ttl=60, tier="raw")
    assert (token, value, cache.token()) == (None, None, None)
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
def test_it_recovers_and_what_was_invalidated_meanwhile_is_gone(
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
    assert "cache reaches the server again" in caplog.text


def test_what_nobody_invalidated_survives_a_freeze(server, cache):
    cache.set("/a", "value")
    server.freeze()
    assert cache.get("/a") is None

    server.thaw()
    settled(cache)

    assert cache.get("/a") == "value"


def test_a_slow_server_costs_a_request_its_budget_at_most(server, make, caplog):
    cache = make(TIMEOUT=0.3, BUDGET=0.6, RETRY=30.0)
    cache.get("/a")
    started = time.monotonic()
    with server.client() as client:
        for _ in range(6):
            client.client_pause(150, all=True)
            cache.get("/a")

    assert "BUDGET" in caplog.text
    assert time.monotonic() - started < 2.0


def test_the_next_request_has_a_budget_of_its_own(server, make):
    cache = make(TIMEOUT=0.3, BUDGET=0.6)
    with server.client() as client:
        for _ in range(6):
            client.client_pause(150, all=True)
            cache.get("/a")
            cache.close()  # as Django does at the end of a request

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


def test_a_fork_during_recovery_recovers_too(server, cache):
    cache.set("/a", 1)
    server.freeze()
    cache.get("/a")

    def come_back() -> None:
        server.thaw()
        settled(cache)
        assert cache.get("/a") == 1

    assert cache.out_of_service()
    assert succeeded(fork(come_back))


@pytest.fixture
def project_cache(make, settings, server, tmp_path):
    """The RedisCache on this server as the cache of the decorators."""
    options = {**OPTIONS, "FOLDER": str(tmp_path / "here")}
    own = {"BACKEND": "cachelayer.backends.RedisCache", "LOCATION": server.url}
    settings.CACHES = {**settings.CACHES, "default": {**own, "OPTIONS": options}}
    return make()  # the store of the cache in the settings


@cache_endpoint
def page(request):
    return HttpResponse("page")


def outcome() -> str:
    request = arrived(RequestFactory().get("/page"))
    request.user = AnonymousUser()
    response = page(request)
    assert response.content == b"page"
    return response["X-Cache"]


@pytest.mark.parametrize("outage", ["kill", "freeze"])
def test_decorated_views_answer_throughout(server, project_cache, outage):
    assert [outcome(), outcome()] == ["MISS", "HIT"]
    getattr(server, outage)()
    during = [outcome() for _ in range(3)]

    server.start() if outage == "kill" else server.thaw()
    settled(project_cache)

    assert during[1:] == ["BYPASS", "BYPASS"]
    assert [outcome(), outcome()][1] == "HIT"


def test_threads_do_not_wait_for_one_another_when_it_fails(server, project_cache):
    server.freeze()
    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(lambda _: outcome(), range(8)))) == 8

    assert time.monotonic() - started < option("SINGLE_FLIGHT_WAIT")
