"""How many round trips and statements a request costs for cache and permissions."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cachelayer.transactions import backend
from skillfleet.accounts.tokens import make_token
from tests.cachelayer.backends import redis_cache
from tests.cachelayer.middlewares import ReadsUser

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/api/v1/taxonomy"


@pytest.fixture
def trips(settings, valkey_url, tmp_path, monkeypatch) -> Iterator[list[object]]:
    """A RedisCache, and what it has sent to its server."""
    settings.CACHES = {**settings.CACHES, "default": redis_cache(valkey_url, tmp_path)}
    backend().clear()
    link, sent = backend().store.client, []
    exchange = link.connections.exchange

    def counted(commands):
        sent.append(commands)
        return exchange(commands)

    monkeypatch.setattr(link.connections, "exchange", counted)
    yield sent
    link.close()


@pytest.fixture
def client(seeded) -> APIClient:
    reader = User.objects.create_user("vera")
    reader.groups.add(Group.objects.get(name="viewer"))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {make_token(reader).secret}")
    return client


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/healthz", 200),
        ("get", "/api/v1/jobs", 200),
        ("get", "/api/v1/nowhere", 404),
        ("post", LIST, 403),
        ("get", "/admin/login/", 200),
    ],
)
def test_a_request_that_cannot_be_cached_asks_the_server_nothing(
    client, trips, method, path, status
):
    trips.clear()

    assert getattr(client, method)(path).status_code == status
    assert trips == []


def test_a_hit_takes_a_token_and_the_value(client, trips):
    assert client.get(LIST)["X-Cache"] == "MISS"
    client.get(LIST)
    trips.clear()

    assert client.get(LIST)["X-Cache"] == "HIT"
    assert len(trips) == 2


def test_who_was_looked_at_before_the_token_is_not_cached(client, settings):
    name = f"{ReadsUser.__module__}.{ReadsUser.__qualname__}"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, name]
    assert [client.get(LIST)["X-Cache"] for _ in range(2)] == ["BYPASS", "BYPASS"]


def test_without_the_middleware_every_request_takes_a_token_as_it_comes(
    client, settings, trips
):
    settings.MIDDLEWARE = [
        name for name in settings.MIDDLEWARE if not name.startswith("cachelayer.")
    ]
    trips.clear()
    client.get("/healthz")
    assert len(trips) == 1
    assert [client.get(LIST)["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]


def test_a_hit_by_token_takes_two_statements(client):
    client.get(LIST)
    with CaptureQueriesContext(connection) as statements:
        assert client.get(LIST)["X-Cache"] == "HIT"
    assert len(statements) == 2  # the token with its user, and the user's permissions
