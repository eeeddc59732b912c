"""What operators read of people is as it is now."""

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator(db):
    api = APIClient()
    api.force_authenticate(User.objects.create_superuser("root"))
    return api


@pytest.fixture
def person(operator):
    """Someone whom the operator has read twice."""
    made = User.objects.create_user("ann", email="old@example.org")
    outcomes = [operator.get(f"/api/v1/user/{made.pk}")["X-Cache"] for _ in range(2)]
    assert outcomes == ["MISS", "HIT"]
    return made


def test_a_person_who_changes_is_read_anew(operator, person):
    person.email = "new@example.org"
    person.save()

    assert operator.get(f"/api/v1/user/{person.pk}").json()["email"] == person.email
