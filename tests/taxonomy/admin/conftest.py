"""Browsers that are logged in to the admin."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from taxonomy.models import Skill
from tests.tables import CopiedRows, seed
from tests.taxonomy.skills import skill_files


def browser_of(name: str, role: str) -> Client:
    """A browser that is logged in; an exception becomes the 500 page."""
    person = User.objects.create_user(name, is_staff=True)
    person.groups.add(Group.objects.get(name=role))
    client = Client(raise_request_exception=False)
    client.force_login(person)
    return client


@pytest.fixture
def browser(seeded: None) -> Client:
    """A curator's browser."""
    return browser_of("carl", "curator")


@pytest.fixture
def reading_browser(seeded: None) -> Client:
    """The browser of a staff user who may only read."""
    return browser_of("vera", "viewer")


def publish_evil() -> None:
    evil = b"<script>alert(1)</script>"
    files = skill_files(references__evil=evil, assets__logo=b"\x89PNG\x00")
    Skill.objects.publish(files, category="data/analytics")


rows_of_the_skill = CopiedRows(publish_evil, on=seed)


@pytest.fixture
def skill(seeded: None) -> Skill:
    rows_of_the_skill()
    return Skill.objects.get()
