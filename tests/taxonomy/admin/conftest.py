import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from taxonomy.models import Skill
from tests.taxonomy.skills import skill_files


@pytest.fixture
def browser(seeded: None) -> Client:
    """A curator's; a fault is the 500 that a person would see."""
    curator = User.objects.create_user("carl", is_staff=True)
    curator.groups.add(Group.objects.get(name="curator"))
    client = Client(raise_request_exception=False)
    client.force_login(curator)
    return client


@pytest.fixture
def skill(seeded: None) -> Skill:
    evil = b"<script>alert(1)</script>"
    files = skill_files(references__evil=evil, assets__logo=b"\x89PNG\x00")
    return Skill.objects.publish(files, category="data/analytics").skill
