"""`GET /workers`: who works where, on which job, and whether they are alive."""

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db.models.functions import Now

from jobs.models import Worker

LEASE = timedelta(seconds=60)


@pytest.fixture
def workers(waiting, settings) -> tuple[Worker, Worker]:
    """Two workers: one at work, and one of another host that has been silent for
    long."""
    busy = Worker.objects.register()
    busy.set_job(waiting.pk)
    settings.HOST_NAME = "a-host"
    lost = Worker.objects.register()
    silent = Now() - 2 * LEASE
    Worker.objects.filter(pk=lost.pk).update(heartbeat_at=silent, started_at=silent)
    return busy, lost


def test_each_is_listed_with_what_it_works_on(workers, waiting, operator_api):
    busy, lost = workers

    first, second = operator_api.get("/api/v1/workers").json()

    assert first == {
        "host": "a-host",
        "pid": lost.pid,
        "cache_host": caches["default"].stamps.host_id,
        "plane": caches["default"].stamps.host_id,  # the former name of the field
        "alive": False,
        "job_id": None,
        "age": first["age"],
        "silence": first["silence"],
    }
    assert 120 <= first["silence"] == first["age"] < 180
    assert (second["host"], second["alive"]) == (busy.host, True)
    assert second["job_id"] == str(waiting.pk)
    assert second["age"] < 60


def test_readyz_lists_the_same(workers, operator_api, client):
    listed = operator_api.get("/api/v1/workers").json()

    rows = client.get("/readyz").json()["workers"]

    same = ("host", "pid", "cache_host", "alive", "job_id")
    assert [{key: row[key] for key in same} for row in rows] == [
        {key: row[key] for key in same} for row in listed
    ]


def test_a_parameter_is_refused(operator_api):
    assert operator_api.get("/api/v1/workers?x=1").status_code == 400
