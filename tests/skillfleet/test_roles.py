"""The groups of every installation, and their permissions."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from skillfleet.accounts.roles import ROLES, make_roles, permissions_by_name


@pytest.mark.django_db
def test_every_permission_of_a_role_exists():
    required = set().union(*ROLES.values())

    assert sorted(required - permissions_by_name("default").keys()) == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_what_its_row_says_and_no_more(make_person, role):
    assert make_person("ann", role).get_all_permissions() == ROLES[role]


@pytest.mark.django_db
def test_migrating_gives_back_what_was_taken_and_takes_what_was_added():
    viewer = Group.objects.get(name="viewer")
    viewer.permissions.set(Permission.objects.filter(codename="delete_user"))

    call_command("migrate", verbosity=0)

    names = {permission.codename for permission in viewer.permissions.all()}
    assert names == {"view_skill", "view_category"}


@pytest.mark.django_db
def test_making_the_roles_twice_changes_nothing():
    make_roles()

    assert Group.objects.count() == len(ROLES)


@pytest.mark.django_db
def test_a_permission_that_is_missing_does_not_stop_the_migration(caplog):
    Permission.objects.filter(codename="view_skill").delete()

    make_roles()

    assert "permission=taxonomy.view_skill" in caplog.text
    assert Group.objects.get(name="viewer").permissions.count() == 1
