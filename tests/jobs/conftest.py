"""People with their roles, their API clients, and jobs that run without a queue."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from jobs.models import Job
from tests.jobs.copied_jobs import (
    rows_of_people,
    submit_job,
    work_to_end,
    work_until_question,
)


@pytest.fixture
def people(seeded: None) -> None:
    rows_of_people()


@pytest.fixture
def author_user(people: None) -> User:
    """An author: may submit jobs and sees their own."""
    return User.objects.get(username="ada")


@pytest.fixture
def other_author(people: None) -> User:
    """A second author, who may not see the jobs of the first."""
    return User.objects.get(username="olga")


@pytest.fixture
def curator(people: None) -> User:
    return User.objects.get(username="carl")


@pytest.fixture
def operator(people: None) -> User:
    return User.objects.get(username="otto")


@pytest.fixture
def viewer(people: None) -> User:
    return User.objects.get(username="vera")


@pytest.fixture
def client_of() -> Callable[[User], APIClient]:
    """An API client that is logged in; an exception in a view becomes a 500."""

    def make(user: User) -> APIClient:
        client = APIClient(raise_request_exception=False)
        # A new instance, because a User caches its permissions.
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
    """`submit(user=…, task=…, sources={name: text}, …)` submits a job and returns it;
    other options are those of `create_skill_job`."""

    def make(*, user: User | None = None, **options: Any) -> Job:
        return submit_job(user or author_user, **options)

    return make


@pytest.fixture
def run_until_question() -> Callable[..., Job]:
    """Run the job's phases until it asks or ends; return it, refreshed. `worker` is a
    `SkillJobWorker`."""

    return work_until_question


@pytest.fixture
def run_to_end() -> Callable[..., Job]:
    """Like `run_until_question`, but answer every question with "proceed"."""
    return work_to_end
