"""Superusers change everything about users; operators what the API lets them."""

import pytest
from django.contrib.auth.models import Group, User

USERS = "/admin/auth/user/"


@pytest.fixture
def operator(world, browser_of):
    return browser_of(world.people["operator"])


@pytest.fixture
def author(world):
    return world.people["author"]


def test_an_operator_deactivates_a_person(operator, author):
    sent = {"first_name": "Ada", "last_name": "", "email": "ada@example.org"}

    assert operator.post(f"{USERS}{author.pk}/change/", sent).status_code == 302

    author.refresh_from_db()
    assert (author.first_name, author.is_active) == ("Ada", False)


def test_an_operator_makes_nobody_more_powerful(operator, author):
    curators = Group.objects.get(name="curator")
    sent = {
        "is_active": "on",
        "is_staff": "on",
        "is_superuser": "on",
        "groups": [curators.pk],
        "username": "root2",
    }

    operator.post(f"{USERS}{author.pk}/change/", sent)

    author.refresh_from_db()
    assert not author.is_superuser and not author.is_staff
    assert author.username == "author"
    assert list(author.groups.values_list("name", flat=True)) == ["author"]


def test_an_operator_sets_no_password_and_touches_no_superuser(operator, author, root):
    superuser = User.objects.get(username="root")
    change = f"{USERS}{superuser.pk}/change/"

    assert operator.get(f"{USERS}{author.pk}/password/").status_code == 403
    assert operator.get(change).status_code == 200
    assert operator.post(change, {"email": "x@example.org"}).status_code == 403
    assert operator.get(f"{USERS}add/").status_code == 403


def test_an_operators_page_of_a_person_shows_no_hash(operator, author):
    page = operator.get(f"{USERS}{author.pk}/change/").content.decode()

    assert "md5" not in page.lower()


def test_nobody_deactivates_themselves(root):
    me = User.objects.get(username="root")

    root.post(f"{USERS}{me.pk}/change/", {"username": "root"})

    me.refresh_from_db()
    assert me.is_active and me.is_superuser and me.is_staff


def test_people_are_not_deleted(root, author):
    assert root.post(f"{USERS}{author.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_superuser_makes_a_person_and_gives_a_role(root):
    sent = {
        "username": "newcomer",
        "usable_password": "true",
        "password1": "a-long-Passw0rd",
        "password2": "a-long-Passw0rd",
    }
    assert root.post(f"{USERS}add/", sent).status_code == 302

    person = User.objects.get(username="newcomer")
    role = Group.objects.get(name="curator")
    sent = {"username": "newcomer", "is_active": "on", "groups": [role.pk]}
    assert root.post(f"{USERS}{person.pk}/change/", sent).status_code == 302
    assert list(person.groups.all()) == [role]


def test_bad_input_is_named_beside_its_field(root):
    page = root.post(f"{USERS}add/", {"username": "no spaces here"})

    assert page.status_code == 200
    assert {"username", "password1"} <= set(page.context["adminform"].form.errors)


def test_roles_are_read_only_and_groups_of_ones_own_are_not(root):
    role = Group.objects.get(name="viewer")

    assert root.post(f"/admin/auth/group/{role.pk}/change/", {}).status_code == 403
    assert root.post("/admin/auth/group/add/", {"name": "mine"}).status_code == 302
