"""What health probes tell a load balancer and an operator."""

import pytest
from django.core.cache import caches
from django.db import OperationalError, connection
from django.db.models.functions import Now

from cachelayer import hosts
from cachelayer.models import CacheHost
from jobs.models import Worker
from tests.cachelayer.backends import redis_cache
from tests.servers.postgres import free_port


def refuse(execute, sql, params, many, context):
    raise OperationalError("gone")


@pytest.mark.django_db
def test_healthz_asks_no_database(client):
    with connection.execute_wrapper(refuse):
        response = client.get("/healthz")

    assert response.status_code == 200
    assert response.content == b"ok\n"


@pytest.mark.django_db
def test_readyz_names_the_missing_worker(client):
    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "checks": {
            "database": "ok",
            "cache": "ok",
            "shared_cache": "ok",
            "worker": "no live worker; start one with: manage.py qcluster",
        },
        "workers": [],
    }


@pytest.mark.django_db
def test_readyz_is_ready_with_a_live_worker(client):
    Worker.objects.register()

    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json()["status"] == "ready"


@pytest.mark.django_db
def test_readyz_does_not_count_a_worker_unheard_of(client):
    Worker.objects.register()
    Worker.objects.update(heartbeat_at="2020-01-01T00:00:00Z")

    assert client.get("/readyz").status_code == 503


@pytest.mark.django_db
def test_a_database_that_refuses_is_named_and_not_a_500(client):
    with connection.execute_wrapper(refuse):
        response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "failed; the log says why"


@pytest.mark.django_db
def test_readyz_says_why_the_cache_is_bypassed_and_serves_on(client):
    backend = caches["default"]
    Worker.objects.register()
    CacheHost.objects.create(host_id="other", host="web-2", seen_at=Now())
    hosts.set_conflict(backend.stamps, True)
    try:
        response = client.get("/readyz")
    finally:
        hosts.set_conflict(backend.stamps, False)

    assert response.status_code == 200
    assert "bypassed" in response.json()["checks"]["cache"]
    assert "web-2" in response.json()["checks"]["cache"]


@pytest.mark.django_db
def test_readyz_says_that_the_cache_server_is_away_and_serves_on(
    client, settings, tmp_path
):
    Worker.objects.register()
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    settings.CACHES = {**settings.CACHES, "default": redis_cache(nobody, tmp_path)}
    try:
        response = client.get("/readyz")
    finally:
        caches["default"].store.client.close()

    assert response.status_code == 200
    assert "bypassed: ConnectionError" in response.json()["checks"]["cache"]


@pytest.mark.django_db
def test_readyz_says_that_the_shared_cache_is_away_and_serves_on(
    client, shared_cache_away
):
    Worker.objects.register()

    response = client.get("/readyz")

    assert response.status_code == 200
    message = response.json()["checks"]["shared_cache"]
    assert message == "no rates are counted: ConnectionError"


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["10.0.0.7:8000", "evil.example", "[::1", ""])
def test_a_probe_comes_under_any_name(client, host):
    Worker.objects.register()

    for path in ("/healthz", "/readyz"):
        assert client.get(path, headers={"host": host}).status_code == 200
    assert client.get("/api/v1/user/me", headers={"host": host}).status_code == 400
