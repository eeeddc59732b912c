"""Operators read the cache's statistics, invalidate parts of it and clear it."""

import logging

import pytest

from cachelayer import cache_manager
from cachelayer.stats import MIN_LOOKUPS, count_route

CACHE = "/admin/cachelayer/cachehost/"


@pytest.fixture(autouse=True)
def counted_by_route(settings, tmp_path):
    settings.CACHELAYER = {**settings.CACHELAYER, "STATISTICS_FOLDER": str(tmp_path)}


@pytest.fixture
def operated(world, browser_of):
    return browser_of(world.people["operator"])


def invalidated(browser, page: str, **answers: str) -> str:
    response = browser.post(f"{CACHE}do/{page}/", answers, follow=True)
    return " ".join(map(str, response.context["messages"]))


def test_it_shows_what_the_commands_show(operated):
    for _ in range(MIN_LOOKUPS):
        count_route("branch /some/route", "misses")

    page = operated.get(CACHE).content.decode()

    assert "/some/route" in page
    assert "The hit rate 0% of /some/route is below 70%" in page
    assert f'href="{CACHE}do/clear/"' in page


def test_a_pattern_a_key_and_everything_are_invalidated(operated, caplog):
    caplog.set_level(logging.INFO, "cachelayer.manager")
    for key in ("/a/1", "/b", "/c"):
        cache_manager.set(key, 1)

    assert invalidated(operated, "invalidate", pattern="/a/*") == "/a/* is invalidated."
    assert cache_manager.get("/a/1") is None
    assert invalidated(operated, "invalidate", key="/b") == "/b is invalidated."
    assert cache_manager.get("/b") is None
    assert invalidated(operated, "clear") == "The cache is cleared."
    assert cache_manager.get("/c") is None
    assert len(caplog.messages) == 3
    assert all(message.endswith("by=operator") for message in caplog.messages)


@pytest.mark.parametrize("answers", [{}, {"pattern": "/a", "key": "a"}])
def test_a_form_that_names_nothing_or_both_is_shown_again(operated, answers):
    response = operated.post(f"{CACHE}do/invalidate/", answers)

    assert response.status_code == 200
    assert "Give either a pattern or a key." in response.content.decode()


def test_nothing_else_can_be_done(operated):
    assert operated.get(f"{CACHE}do/explode/").status_code == 404
