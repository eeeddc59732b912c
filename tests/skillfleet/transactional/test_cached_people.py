"""What operators read about users is never stale."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator(db):
    api = APIClient()
    api.force_authenticate(User.objects.create_superuser("root"))
    return api


@pytest.fixture
def person(operator):
    """A user whom the operator has read twice."""
    made = User.objects.create_user("ann", email="old@example.org")
    outcomes = [operator.get(f"/api/v1/user/{made.pk}")["X-Cache"] for _ in range(2)]
    assert outcomes == ["MISS", "HIT"]
    return made


def test_a_changed_user_is_read_anew(operator, person):
    person.email = "new@example.org"
    person.save()

    assert operator.get(f"/api/v1/user/{person.pk}").json()["email"] == person.email


def take_the_role(user):
    User.groups.through.objects.filter(user=user).delete()


def take_the_permission(user):
    Permission.objects.get(codename="view_user").delete()


def take_it_from_the_role(user):
    through = Group.permissions.through
    through.objects.filter(permission__codename="view_user").delete()


def take_the_flag(user):
    User.objects.filter(pk=user.pk).update(is_superuser=False)


@pytest.mark.parametrize(
    ("lose", "superuser"),
    [
        (take_the_role, False),
        (take_the_permission, False),
        (take_it_from_the_role, False),
        (take_the_flag, True),
    ],
)
def test_a_user_who_lost_the_permission_reads_nobody(person, lose, superuser):
    reader = User.objects.create_user("reader", is_superuser=superuser)
    if not superuser:
        reader.groups.add(Group.objects.get(name="operator"))

    def read():
        api = APIClient()
        api.force_authenticate(User.objects.get(pk=reader.pk))
        return api.get(f"/api/v1/user/{person.pk}")

    assert [read()["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    lose(reader)
    assert read().status_code == 404


def test_a_bulk_change_of_people_is_read_at_once(operator, person):
    User.objects.filter(pk=person.pk).update(email="new@example.org")

    profile = operator.get(f"/api/v1/user/{person.pk}").json()
    assert profile["email"] == "new@example.org"
