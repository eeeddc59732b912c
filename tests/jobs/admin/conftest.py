"""Jobs of `author_user`, and browsers of people who are staff."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.models import Draft, Job
from tests.jobs.copied_jobs import confirming_job, drafted_job, questioning_job


@pytest.fixture
def browser_of() -> Callable[[User], Client]:
    """Logged in, as staff; a fault is the 500 that a person would see."""

    def make(user: User) -> Client:
        User.objects.filter(pk=user.pk).update(is_staff=True)
        client = Client(raise_request_exception=False)
        client.force_login(user)
        return client

    return make


@pytest.fixture
def author(browser_of, author_user) -> Client:
    return browser_of(author_user)


@pytest.fixture
def operator_browser(browser_of, operator) -> Client:
    return browser_of(operator)


@pytest.fixture
def curator_browser(browser_of, curator) -> Client:
    return browser_of(curator)


@pytest.fixture
def questioning(people) -> Job:
    """Waits for answers to what its material leaves open."""
    return questioning_job()


@pytest.fixture
def confirming(people) -> Job:
    """Waits for a yes to what is understood."""
    return confirming_job()


@pytest.fixture
def drafted(people) -> Draft:
    """The draft of a completed job; it may be promoted."""
    job = drafted_job()
    assert job.validation_passed, job.error_stack or job.result
    return job.draft
