"""What operators see while the cache server is unreachable."""

from collections.abc import Iterator

import pytest
from django.core.cache import caches
from django.core.management import call_command

from tests.cachelayer.backends import redis_cache
from tests.servers.postgres import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_there(settings, tmp_path) -> Iterator[None]:
    url = f"redis://127.0.0.1:{free_port()}/0"
    settings.CACHES = {**settings.CACHES, "default": redis_cache(url, tmp_path)}
    yield
    caches["default"].store.client.close()


def test_the_statistics_say_so(client_of, operator):
    response = client_of(operator).get("/api/v1/cache/stats")

    assert response.status_code == 200
    assert response.json()["server"].startswith("out of service: ")
    assert response.json()["size"] is None


def test_the_command_says_so(capsys):
    call_command("cache_stats")

    assert "out of service" in capsys.readouterr().out


def test_the_admin_says_so(admin_client):
    response = admin_client.get("/admin/cachelayer/cachehost/")

    assert response.status_code == 200
    assert "out of service" in response.content.decode()


def test_clearing_and_invalidating_are_kept_pending(client_of, operator):
    api = client_of(operator)

    for verb, body in (("clear", {}), ("invalidate", {"pattern": "/a/*"})):
        assert api.post(f"/api/v1/cache/{verb}", body).status_code == 200
    assert caches["default"].store.client.pending.exist()
