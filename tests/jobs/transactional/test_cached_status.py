"""`GET /jobs/{id}/status` is cached for its reader until the job changes."""

import pytest

from jobs.worker import SkillJobWorker

pytestmark = pytest.mark.django_db(transaction=True)


def read(api, job):
    reply = api.get(f"/api/v1/jobs/{job.pk}/status")
    return reply["X-Cache"], reply.json()["status"]


def test_a_move_of_the_job_invalidates_its_status(submit, author_api):
    job = submit()
    assert read(author_api, job) == ("MISS", "pending")
    assert read(author_api, job) == ("HIT", "pending")

    assert SkillJobWorker().process_job(job)

    assert read(author_api, job) == ("MISS", "running")
    author_api.post(f"/api/v1/jobs/{job.pk}/cancel")
    assert read(author_api, job) == ("MISS", "cancelled")
    assert read(author_api, job) == ("HIT", "cancelled")


def test_a_status_is_kept_for_its_reader_alone(
    submit, author_api, operator_api, other_api, anonymous
):
    job = submit()
    assert read(author_api, job) == ("MISS", "pending")

    assert read(operator_api, job) == ("MISS", "pending")
    path = f"/api/v1/jobs/{job.pk}/status"
    assert other_api.get(path).status_code == 404
    assert anonymous.get(path).status_code == 401
    assert author_api.get(path)["Cache-Control"] == "private, no-cache"


def test_an_unchanged_status_is_not_sent_again(submit, author_api):
    path = f"/api/v1/jobs/{submit().pk}/status"
    etag = author_api.get(path)["ETag"]

    reply = author_api.get(path, headers={"If-None-Match": etag})

    assert reply.status_code == 304
    assert reply.content == b""


def test_without_invalidation_a_moved_job_would_look_as_before(
    submit, author_api, monkeypatch
):
    """The tests above prove the invalidation only if this one passes."""
    job = submit()
    read(author_api, job)
    monkeypatch.setattr("jobs.models.job.invalidate_job", lambda job: None)

    author_api.post(f"/api/v1/jobs/{job.pk}/cancel")

    assert read(author_api, job) == ("HIT", "pending")
