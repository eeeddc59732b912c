"""An operator reads the cache's statistics, invalidates parts of it and clears it."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from cachelayer import cache_manager

pytestmark = pytest.mark.django_db(transaction=True)
DATA, OPERATIONS = "/api/v1/taxonomy/data", "/api/v1/taxonomy/operations"


@pytest.fixture(autouse=True)
def counted_by_route(settings: Any, tmp_path: Path) -> None:
    settings.CACHELAYER = {**settings.CACHELAYER, "STATISTICS_FOLDER": str(tmp_path)}


@pytest.fixture
def api(seeded: None, client_of: Callable[[User], APIClient], operator: User):
    return client_of(operator)


@pytest.fixture
def warm(api: APIClient) -> None:
    for path in (DATA, OPERATIONS):
        api.get(path)
        assert api.get(path)["X-Cache"] == "HIT"


def invalidated(target: str, *, status: str = "invalidated") -> dict[str, str]:
    """An answer, which names it twice: `retired` is the former name of the field."""
    return {"status": status, "invalidated": target, "retired": target}


def outcomes(api: APIClient) -> list[str]:
    return [api.get(path)["X-Cache"] for path in (DATA, OPERATIONS)]


@pytest.mark.usefixtures("warm")
def test_a_pattern_invalidates_what_it_covers_and_no_more(api):
    response = api.post("/api/v1/cache/invalidate", {"pattern": "/taxonomy/data/*"})

    assert response.json() == invalidated("/taxonomy/data/*")
    assert outcomes(api) == ["MISS", "HIT"]


@pytest.mark.usefixtures("warm")
def test_a_pattern_may_be_a_full_path(api):
    response = api.post(
        "/api/v1/cache/invalidate", {"pattern": "/api/v1/taxonomy/data/*"}
    )
    assert response.json()["invalidated"] == "/taxonomy/data/*"
    assert outcomes(api) == ["MISS", "HIT"]


@pytest.mark.usefixtures("warm")
def test_a_wider_pattern_says_what_was_invalidated_for_it(api):
    response = api.post("/api/v1/cache/invalidate", {"pattern": "/taxonomy/d*/x"})

    assert response.json()["invalidated"] == "/taxonomy/*"
    assert outcomes(api) == ["MISS", "MISS"]


@pytest.mark.usefixtures("warm")
def test_a_key_invalidates_one_entry(api):
    cache_manager.set("/by/hand", 1)

    response = api.post("/api/v1/cache/invalidate", {"key": "/by/hand"})

    assert response.json() == invalidated("/by/hand")
    assert cache_manager.get("/by/hand") is None
    assert outcomes(api) == ["HIT", "HIT"]


@pytest.mark.usefixtures("warm")
def test_clearing_invalidates_all(api):
    response = api.post("/api/v1/cache/clear")

    assert response.json() == invalidated("/*", status="cleared")
    assert outcomes(api) == ["MISS", "MISS"]


def test_the_log_says_who_did_it(api, caplog):
    caplog.set_level(logging.INFO, "cachelayer.manager")

    api.post("/api/v1/cache/invalidate", {"pattern": "/skills/*"})
    api.post("/api/v1/cache/invalidate", {"key": "a\nb"})
    api.post("/api/v1/cache/clear")

    assert caplog.messages == [
        "cache invalidated pattern='/skills/*' tag='/skills/*' by=olga",
        r"cache invalidated key='a\nb' by=olga",
        "cache cleared by=olga",
    ]


@pytest.mark.usefixtures("warm")
def test_the_statistics_are_of_process_host_tiers_and_routes(api):
    before = route(api)
    api.get(DATA)

    stats = api.get("/api/v1/cache/stats").json()

    assert route(api)["hits"] == before["hits"] + 1
    assert stats["hits"] >= 3
    assert stats["tiers"]["branch"]["hits"] >= 3
    assert stats["host"]["hits"] >= stats["hits"]
    assert stats["host"]["processes"] == len(stats["host"]["each"])
    assert stats["size"] >= 2
    assert stats["max_entries"] == 10_000


def route(api: APIClient) -> dict[str, int]:
    """The statistics of the branches' route."""
    routes = api.get("/api/v1/cache/stats").json()["routes"]
    [branch] = [each for each in routes if each["route"] == "/taxonomy/<path:path>"]
    assert branch["tier"] == "branch"
    return branch
