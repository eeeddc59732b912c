"""Hits and misses of each decorated view and function, and a warning in the log."""

import logging

import pytest
from django.core.signals import request_started

from cachelayer import cache_endpoint, cache_global_data, cache_manager, stats
from cachelayer.stats import MAX_ROUTES, MIN_LOOKUPS, RouteCounters
from tests.cachelayer.forks import fork, succeeded


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.CACHELAYER = {
        **settings.CACHELAYER,
        "STATISTICS_FOLDER": str(tmp_path / "counts"),
    }
    return tmp_path / "counts"


def counted() -> dict[str, tuple[int, int]]:
    routes = cache_manager.get_stats()["routes"]
    return {each["route"]: (each["hits"], each["misses"]) for each in routes}


@cache_endpoint
def often():
    return 1


@cache_global_data
def seldom():
    return 1


def test_functions_are_counted_by_name_and_the_busiest_comes_first():
    often(), often(), often(), seldom()

    assert list(counted().items()) == [
        ("tests.cachelayer.test_routes.often", (2, 1)),
        ("tests.cachelayer.test_routes.seldom", (0, 1)),
    ]
    first = cache_manager.get_stats()["routes"][0]
    assert (first["tier"], first["hit_rate"]) == ("endpoint", 0.6667)


def test_all_processes_of_the_host_count_together_also_ended_ones():
    often(), often()

    assert succeeded(fork(lambda: (seldom(), seldom())))

    assert counted()["tests.cachelayer.test_routes.often"] == (1, 1)
    assert counted()["tests.cachelayer.test_routes.seldom"] == (1, 1)


def test_routes_beyond_the_last_place_are_counted_together(folder):
    counters = RouteCounters(folder)

    for number in range(MAX_ROUTES + 10):
        counters.count(f"endpoint /{number}", "hits")

    routes = counters.of_routes()
    assert len(routes) == MAX_ROUTES
    assert (routes[0]["route"], routes[0]["hits"]) == ("other routes", 11)


def test_a_name_keeps_its_place_in_another_process(folder):
    RouteCounters(folder).count("endpoint /a", "hits")
    another = RouteCounters(folder)

    another.count("endpoint /b", "misses")
    another.count("endpoint /a", "hits")

    hits = {each["route"]: each["hits"] for each in another.of_routes()}
    assert hits == {"/a": 2, "/b": 0}


def test_without_a_folder_nothing_is_counted_by_route(settings):
    settings.CACHELAYER = {**settings.CACHELAYER, "STATISTICS_FOLDER": ""}
    often()

    assert cache_manager.get_stats()["routes"] == []


def test_with_an_unusable_folder_calls_are_answered_all_the_same(
    settings, tmp_path, caplog
):
    (tmp_path / "file").touch()
    settings.CACHELAYER = {
        **settings.CACHELAYER,
        "STATISTICS_FOLDER": str(tmp_path / "file" / "counts"),
    }

    assert often() == 1
    assert cache_manager.get_stats()["routes"] == []
    assert "calls are not counted by route" in caplog.text


def test_a_low_hit_rate_is_in_the_statistics():
    for _ in range(MIN_LOOKUPS):
        stats.count_route("endpoint /low", "misses")
        stats.count_route("endpoint /high", "hits")

    assert cache_manager.get_stats()["warnings"][-1:] == [
        "The hit rate 0% of /low is below 70% (CACHELAYER LOW_HIT_RATE)."
    ]


def test_a_low_hit_rate_is_logged_once_until_it_recovers(caplog):
    caplog.set_level(logging.WARNING, "cachelayer.stats")

    def look(outcome: str) -> int:
        for _ in range(MIN_LOOKUPS):
            stats.count_route("endpoint /a", outcome)
        stats.HitRateMonitor().check()
        return len(caplog.records)

    assert [look("misses"), look("misses")] == [1, 1]
    assert "The hit rate 0% of this host is below 70%" in caplog.text
    assert [look("hits") for _ in range(6)][-1] == 1
    assert [look("misses") for _ in range(3)][-1] == 2


@pytest.mark.django_db
def test_a_request_checks_the_hit_rate(monkeypatch, caplog):
    monkeypatch.setattr("cachelayer.http.monitor", stats.HitRateMonitor())
    for _ in range(MIN_LOOKUPS):
        stats.count_route("endpoint /a", "misses")

    request_started.send(sender=None, environ={})
    request_started.send(sender=None, environ={})

    assert caplog.text.count("The hit rate 0% of this host") == 1
