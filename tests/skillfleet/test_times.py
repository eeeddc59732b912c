"""The API's times are UTC, whatever TIME_ZONE says."""

import pytest
from django.utils import timezone

from jobs.models import Job, Worker


@pytest.fixture
def far_east(settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    timezone.get_default_timezone.cache_clear()
    yield
    timezone.get_default_timezone.cache_clear()


@pytest.fixture
def long_job(world) -> Job:
    """A job that a worker has been working on for a while."""
    job = Job.objects.get(pk=world.names["pending"])
    assert job.claim(Worker.objects.register())
    return job


@pytest.mark.parametrize(
    ("address", "time_of"),
    [
        ("/jobs/{}", lambda body: body["created_at"]),
        ("/jobs/{}/status", lambda body: body["created_at"]),
        ("/jobs/{}/events", lambda body: body["results"][0]["at"]),
        ("/jobs", lambda body: body["results"][0]["created_at"]),
        ("/jobs/stuck?older_than=0", lambda body: body[0]["created_at"]),
        ("/skills", lambda body: body["results"][0]["created_at"]),
        ("/user/me", lambda body: body["date_joined"]),
    ],
)
def test_a_time_is_utc(api, far_east, long_job, address, time_of):
    response = api("operator").get("/api/v1" + address.format(long_job.pk))

    assert time_of(response.json()).endswith(("Z", "+00:00")), response.json()
