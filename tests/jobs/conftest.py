"""People with their roles, their API clients, and jobs driven without a queue."""

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
    """May submit jobs; sees their own."""
    return User.objects.get(username="ada")


@pytest.fixture
def other_author(people: None) -> User:
    """An author, too, who has nothing to do with the first one's jobs."""
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

    def make(*, user: User | None = None, **options: Any) -> Job:
        return submit_job(user or author_user, **options)

    return make


@pytest.fixture
def run_until_question() -> Callable[..., Job]:
    """Phase by phase, until the job asks or ends; `worker` as it is or with an author.

    What it returns is the job, read again.
    """

    return work_until_question


@pytest.fixture
def run_to_end() -> Callable[..., Job]:
    """As `run_until_question`, and proceeds at every question without an answer."""
    return work_to_end
