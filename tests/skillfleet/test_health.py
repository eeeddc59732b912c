"""What a load balancer and a person on call are told."""

import pytest
from django.db import OperationalError, connection

from jobs.models import Worker


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
            "worker": "no live worker; start one with manage.py qcluster",
        },
    }


@pytest.mark.django_db
def test_readyz_is_ready_with_a_live_worker(client):
    Worker.objects.enlist()

    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json()["status"] == "ready"


@pytest.mark.django_db
def test_readyz_does_not_count_a_worker_unheard_of(client):
    Worker.objects.enlist()
    Worker.objects.update(heartbeat_at="2020-01-01T00:00:00Z")

    assert client.get("/readyz").status_code == 503


@pytest.mark.django_db
def test_a_database_that_refuses_is_named_and_not_a_500(client):
    with connection.execute_wrapper(refuse):
        response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "failed; the log says why"
