"""/metrics: its samples, and who may read it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse
from rest_framework.test import APIClient

from skillfleet.accounts.tokens import make_token
from tests.cachelayer.backends import redis_cache

pytestmark = pytest.mark.django_db(transaction=True)
ROUTE = {"tier": "branch", "route": "/taxonomy/<path:path>"}


@pytest.fixture(autouse=True)
def counted_by_route(settings: Any, tmp_path: Path) -> None:
    settings.CACHELAYER = {**settings.CACHELAYER, "STATISTICS_FOLDER": str(tmp_path)}


@pytest.fixture
def read(seeded: None, client_of: Callable[[User], APIClient], operator: User):
    """The samples by name and labels, as the operator gets them."""
    client = client_of(operator)

    def read() -> dict[Any, float]:
        response = client.get("/metrics")
        assert response.status_code == 200
        assert response["Content-Type"].startswith("text/plain; version=")
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in parse(response.content.decode())
            for sample in family.samples
        }

    return read


def ask_twice(client_of: Callable[[User], APIClient], user: User) -> None:
    client = client_of(user)
    paths = ["/api/v1/taxonomy/data"] * 2
    assert [client.get(path)["X-Cache"] for path in paths] == ["MISS", "HIT"]


def test_the_cache_is_counted_by_tier_and_route(read, client_of, operator):
    before = read()
    ask_twice(client_of, operator)
    after = read()

    def more(name: str, **labels: str) -> float:
        key = (name, *sorted(labels.items()))
        return after[key] - before.get(key, 0)

    for outcome in ("hit", "miss"):
        assert more("cachelayer_lookups_total", tier="branch", outcome=outcome) == 1
        routed = {**ROUTE, "outcome": outcome}
        assert more("cachelayer_route_lookups_total", **routed) == 1
    assert more("cachelayer_sets_total", tier="branch") == 1
    assert after[("cachelayer_up",)] == 1
    assert after[("cachelayer_entries",)] >= 1
    assert after[("cachelayer_processes",)] >= 1


@pytest.mark.valkey
def test_a_shared_server_that_is_away_is_down(
    read, settings, valkey_url, tmp_path, client_of, operator
):
    shared = redis_cache(valkey_url, tmp_path)
    settings.CACHES = {**settings.CACHES, "default": shared}
    ask_twice(client_of, operator)
    assert read()[("cachelayer_up",)] == 1

    away = redis_cache("redis://127.0.0.1:1/0", tmp_path, TIMEOUT=0.1, BUDGET=0.5)
    settings.CACHES = {**settings.CACHES, "default": away}
    client_of(operator).get("/api/v1/taxonomy/data")
    samples = read()

    assert samples[("cachelayer_up",)] == 0
    assert ("cachelayer_entries",) not in samples


def test_who_may_read_it(client_of, operator, viewer, settings):
    def status(user: User | None = None, token: str = "") -> int:
        client = client_of(user)
        if token:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client.get("/metrics").status_code

    by_token = make_token(operator).secret
    assert [status(), status(viewer), status(operator)] == [401, 403, 200]
    assert [status(token=by_token), status(token="a-scraper")] == [200, 401]
    settings.SKILLFLEET_METRICS_TOKEN = "a-scraper"
    assert [status(token="a-scraper"), status(token="another")] == [200, 401]
    assert [status(), status(token=by_token)] == [401, 200]
    assert status(token="ä-scraper") == 401
    settings.SKILLFLEET_METRICS_PUBLIC = True
    assert [status(), status(viewer)] == [200, 200]


def test_a_scrapers_token_opens_nothing_else(client_of, settings, seeded):
    settings.SKILLFLEET_METRICS_TOKEN = "a-scraper"
    client = client_of(None)
    client.credentials(HTTP_AUTHORIZATION="Bearer a-scraper")

    assert client.get("/api/v1/cache/stats").status_code == 401
    assert client.get("/api/v1/taxonomy").status_code == 401


def test_openmetrics_for_those_who_ask(client_of, operator):
    accepted = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
    response = client_of(operator).get("/metrics", HTTP_ACCEPT=accepted)

    assert response["Content-Type"].startswith("application/openmetrics-text")
    assert "no-store" in response["Cache-Control"]
    names = {family.name for family in parse_openmetrics(response.content.decode())}
    assert {"cachelayer_lookups", "cachelayer_up", "cachelayer_evictions"} <= names
