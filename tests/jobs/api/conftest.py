"""Jobs of `author_user` in the states that requests meet them in."""

import pytest

from jobs.models import Job


@pytest.fixture
def waiting(submit) -> Job:
    """Submitted; no worker has had it."""
    return submit()


@pytest.fixture
def asking(submit, run_until_question) -> Job:
    """Waits for a confirmation of what is understood."""
    job = run_until_question(submit(options={"checkpoints": ["confirm"]}))
    assert job.status == "pending_hitl"
    return job


@pytest.fixture
def questioning(submit, run_until_question) -> Job:
    """Waits for answers to what its material leaves open."""
    job = run_until_question(submit(sources={}))
    assert job.questions.get().kind == "deep_understanding"
    return job


@pytest.fixture
def drafted(submit, run_to_end) -> Job:
    """Completed, with a draft that may be promoted."""
    job = run_to_end(submit())
    assert job.validation_passed, job.error_stack or job.result
    return job


@pytest.fixture
def broken(drafted, author_api) -> Job:
    """Completed, with a draft that an edit has made invalid."""
    path = f"/api/v1/drafts/{drafted.pk}/files/SKILL.md"
    assert author_api.put(path, {"content": "No frontmatter."}).status_code == 200
    drafted.refresh_from_db()
    return drafted
