"""Jobs of `author_user`, and browsers of staff."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.models import Draft, Job
from tests.jobs.copied_jobs import confirming_job, drafted_job, questioning_job


@pytest.fixture
def browser_of() -> Callable[[User], Client]:
    """A browser that is logged in as staff; an exception becomes the 500 page."""

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
    """A job that waits for answers, because its material leaves questions open."""
    return questioning_job()


@pytest.fixture
def confirming(people) -> Job:
    """A job that waits for a person to confirm what it has understood."""
    return confirming_job()


@pytest.fixture
def drafted(people) -> Draft:
    """The draft of a completed job, ready to be promoted."""
    job = drafted_job()
    assert job.validation_passed, job.error_stack or job.result
    return job.draft
