"""Bulk methods of models with own managers, and of rows that send no signals."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import models

from cachelayer import cache_manager, invalidates
from cachelayer.invalidation import hook_managers

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "/groups/readers"
Membership = User.groups.through


@pytest.fixture(autouse=True)
def group(declared_groups):
    invalidates(Membership, ["/groups/*"], collection=["/groups/*"])
    return Group.objects.create(name="readers")


@pytest.fixture(autouse=True)
def user(group):
    user = User.objects.create(username="ann")
    user.groups.add(group)
    return user


def invalidated_by(change) -> bool:
    cache_manager.set(KEY, "kept")
    change()
    return cache_manager.get(KEY) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda: Group.objects.filter(name="readers").update(name="renamed"),
        lambda: Group.objects.bulk_create([Group(name="new")]),
        lambda: Group.objects.filter(name="readers").delete(),
        lambda: Group._base_manager.filter(name="readers").update(name="renamed"),
        lambda: User.objects.get().groups.update(name="renamed"),
    ],
    ids=["update", "bulk_create", "delete", "base manager", "related"],
)
def test_a_plain_manager_of_a_declared_model_invalidates(change):
    assert invalidated_by(change)


def test_migrations_do_not_see_the_hooks():
    call_command("makemigrations", "auth", check=True, dry_run=True, verbosity=0)


def test_a_manager_keeps_its_own_methods(group):
    assert Group.objects.get_by_natural_key("readers") == group
    assert Group.objects.all().filter(pk=group.pk).get() == group


def test_a_row_of_a_relation_invalidates_when_it_is_written_directly(group, user):
    Membership.objects.all().delete()
    row = Membership(user=user, group=group)

    assert invalidated_by(row.save)
    assert invalidated_by(
        lambda: Membership.objects.filter(pk=row.pk).update(group=group)
    )
    assert invalidated_by(row.delete)
    assert invalidated_by(lambda: Membership.objects.create(user=user, group=group))
    assert invalidated_by(lambda: Membership.objects.filter(user=user).delete())


def test_a_default_manager_that_filters_rows_needs_a_base_manager():
    class Filtered(models.Manager):
        def get_queryset(self):
            return super().get_queryset().exclude(name="")

    class FilteredRow(models.Model):
        objects = Filtered()

        class Meta:
            app_label = "cache_tests"
            managed = False

        def __str__(self):
            return str(self.pk)

    with pytest.raises(ImproperlyConfigured, match="base_manager_name"):
        hook_managers(FilteredRow)
