"""Jobs of `author_user` in the states that requests meet them in."""

import pytest

from jobs.models import Job
from tests.jobs.copied_jobs import confirming_job, drafted_job, questioning_job


@pytest.fixture
def waiting(submit) -> Job:
    """Submitted; no worker has had it."""
    return submit()


@pytest.fixture
def asking(people) -> Job:
    """Waits for a confirmation of what is understood."""
    job = confirming_job()
    assert job.status == "pending_hitl"
    return job


@pytest.fixture
def questioning(people) -> Job:
    """Waits for answers to what its material leaves open."""
    job = questioning_job()
    assert job.questions.get().kind == "deep_understanding"
    return job


@pytest.fixture
def drafted(people) -> Job:
    """Completed, with a draft that may be promoted."""
    job = drafted_job()
    assert job.validation_passed, job.error_stack or job.result
    return job


@pytest.fixture
def broken(drafted, author_api) -> Job:
    """Completed, with a draft that an edit has made invalid."""
    path = f"/api/v1/drafts/{drafted.pk}/files/SKILL.md"
    assert author_api.put(path, {"content": "No frontmatter."}).status_code == 200
    drafted.refresh_from_db()
    return drafted
