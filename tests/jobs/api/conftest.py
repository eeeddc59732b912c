"""Jobs of `author_user` in the states that requests find them in."""

import pytest

from jobs.models import Job
from tests.jobs.copied_jobs import confirming_job, drafted_job, questioning_job


@pytest.fixture
def waiting(submit) -> Job:
    """A submitted job that no worker has claimed."""
    return submit()


@pytest.fixture
def asking(people) -> Job:
    """A job that waits for a person to confirm what it has understood."""
    job = confirming_job()
    assert job.status == "pending_hitl"
    return job


@pytest.fixture
def questioning(people) -> Job:
    """A job that waits for answers, because its material leaves questions open."""
    job = questioning_job()
    assert job.questions.get().kind == "deep_understanding"
    return job


@pytest.fixture
def drafted(people) -> Job:
    """A completed job whose draft may be promoted."""
    job = drafted_job()
    assert job.validation_passed, job.error_stack or job.result
    return job


@pytest.fixture
def broken(drafted, author_api) -> Job:
    """A completed job whose draft is invalid since somebody edited it."""
    path = f"/api/v1/drafts/{drafted.pk}/files/SKILL.md"
    assert author_api.put(path, {"content": "No frontmatter."}).status_code == 200
    drafted.refresh_from_db()
    return drafted
