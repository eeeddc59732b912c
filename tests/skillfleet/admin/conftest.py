"""A few rows of every kind, and browsers that are logged in to the admin."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.skillfleet.world import World, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def browser_of() -> Callable[[User], Client]:
    """A browser of a staff user; an exception becomes the 500 page that users see."""

    def make(user: User) -> Client:
        User.objects.filter(pk=user.pk).update(is_staff=True)
        client = Client(raise_request_exception=False)
        client.force_login(user)
        return client

    return make


@pytest.fixture
def root(world: World, browser_of) -> Client:
    return browser_of(User.objects.create_superuser("root"))
