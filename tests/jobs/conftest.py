"""People with their roles, their API clients, and jobs driven without a queue."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from rest_framework.test import APIClient

from jobs import lifecycle
from jobs.authors.base import SourceDocument
from jobs.models import Job
from jobs.worker import SkillJobWorker

TASK = "Restart the billing service when it hangs"
SOURCE = """# Restart the billing service

Use this runbook when the billing service hangs or stops answering requests.

## Prerequisites

- Access to the billing host with `sudo`.

## Steps

1. Drain the queue before the restart:

   ```sh
   billingctl drain --wait
   ```

2. Restart the service:

   ```sh
   sudo systemctl restart billing
   ```

3. Check that it answers:

   ```sh
   curl --fail http://localhost:8080/health
   ```

## Warnings

> **Warning:** Never restart while a payout runs; payouts are not repeated.

## Example

A request to `/invoices` times out; after the three steps it answers in 200 ms.

## Troubleshooting

If the health check fails, read `journalctl -u billing` for the reason.
"""
MOST_STEPS = 60
"""More phases than any job has; a test that needs more hangs."""


def _person(name: str, role: str) -> User:
    user = User.objects.create_user(name, password="a-long-password")
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def author_user(seeded: None) -> User:
    """May submit jobs; sees their own."""
    return _person("ada", "author")


@pytest.fixture
def other_author(seeded: None) -> User:
    """An author, too, who has nothing to do with the first one's jobs."""
    return _person("olga", "author")


@pytest.fixture
def curator(seeded: None) -> User:
    return _person("carl", "curator")


@pytest.fixture
def operator(seeded: None) -> User:
    return _person("otto", "operator")


@pytest.fixture
def viewer(seeded: None) -> User:
    return _person("vera", "viewer")


@pytest.fixture
def client_of() -> Callable[[User], APIClient]:
    """An API client of a person, logged in; a fault in a view is answered by 500."""

    def make(user: User) -> APIClient:
        client = APIClient(raise_request_exception=False)
        # Read again: rights are remembered by the object.
        client.force_authenticate(User.objects.get(pk=user.pk))
        return client

    return make


@pytest.fixture
def anonymous(seeded: None) -> APIClient:
    return APIClient(raise_request_exception=False)


@pytest.fixture
def author_api(client_of: Any, author_user: User) -> APIClient:
    return client_of(author_user)


@pytest.fixture
def other_api(client_of: Any, other_author: User) -> APIClient:
    return client_of(other_author)


@pytest.fixture
def curator_api(client_of: Any, curator: User) -> APIClient:
    return client_of(curator)


@pytest.fixture
def operator_api(client_of: Any, operator: User) -> APIClient:
    return client_of(operator)


@pytest.fixture
def viewer_api(client_of: Any, viewer: User) -> APIClient:
    return client_of(viewer)


@pytest.fixture
def submit(author_user: User) -> Callable[..., Job]:
    """`submit(user=…, task=…, sources={name: text}, **of create_skill_job)` → Job."""

    def make(
        *,
        user: User | None = None,
        task: str = TASK,
        sources: dict[str, str] | None = None,
        **options: Any,
    ) -> Job:
        documents = {"runbook.md": SOURCE} if sources is None else sources
        return lifecycle.create_skill_job(
            user or author_user,
            task,
            sources=[
                SourceDocument(name, "text/markdown", text)
                for name, text in documents.items()
            ],
            **options,
        )

    return make


@pytest.fixture
def run_until_question() -> Callable[..., Job]:
    """Phase by phase, until the job asks or ends; `worker` as it is or with an author.

    What it returns is the job, read again.
    """

    def run(job: Job, worker: SkillJobWorker | None = None) -> Job:
        worker = worker or SkillJobWorker()
        for _ in range(MOST_STEPS):
            job.refresh_from_db()
            if job.is_final or job.status == Job.Status.PENDING_HITL:
                return job
            assert worker.process_job(job), f"{job} could not be claimed"
        raise AssertionError(f"{job} is in {job.current_phase} after {MOST_STEPS} runs")

    return run


@pytest.fixture
def run_to_end(run_until_question: Any) -> Callable[..., Job]:
    """As `run_until_question`, and proceeds at every question without an answer."""

    def run(job: Job, worker: SkillJobWorker | None = None) -> Job:
        for _ in range(MOST_STEPS):
            run_until_question(job, worker)
            if job.is_final:
                return job
            lifecycle.answer(job, by=job.user, round=job.round, action="proceed")
        raise AssertionError(f"{job} asks on and on in {job.current_phase}")

    return run
