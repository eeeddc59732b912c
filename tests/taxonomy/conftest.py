"""A seeded taxonomy, and API clients of each role."""

import pytest
from django.contrib.auth.models import Group, User
from rest_framework.test import APIClient

from taxonomy.models import Skill
from tests.tables import CopiedRows, seed
from tests.taxonomy.skills import skill_files


def client_of(role: str | None) -> APIClient:
    client = APIClient()
    if role:
        user = User.objects.create_user(f"{role}-of-the-fleet")
        user.groups.add(Group.objects.get(name=role))
        client.force_authenticate(user)
    return client


@pytest.fixture
def anonymous(seeded: None) -> APIClient:
    return client_of(None)


@pytest.fixture
def viewer(seeded: None) -> APIClient:
    return client_of("viewer")


@pytest.fixture
def author(seeded: None) -> APIClient:
    return client_of("author")


@pytest.fixture
def curator(seeded: None) -> APIClient:
    return client_of("curator")


def publish_pdf_tools() -> None:
    Skill.objects.publish(
        skill_files(references__api=b"# API\n", assets__logo=b"\x89PNG\x00"),
        category="development/practices",
    )


rows_of_pdf_tools = CopiedRows(publish_pdf_tools, on=seed)


@pytest.fixture
def pdf_tools(seeded: None) -> Skill:
    rows_of_pdf_tools()
    return Skill.objects.get(name="pdf-tools")
