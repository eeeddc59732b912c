"""What a change of a declared model invalidates, and when."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.serializers import deserialize, serialize
from django.db import transaction
from django.db.models import signals

from cachelayer import cache_manager, invalidate_on_commit, invalidates, invalidation
from tests.cachelayer.models import BulkGroup

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("each_backend"),
]
KEYS = ["/groups", "/groups/old/page", "/groups/new/page", "/other"]


@pytest.fixture(autouse=True)
def group(declared_groups):
    return Group.objects.create(name="old")


def warm() -> None:
    for key in KEYS:
        cache_manager.set(key, "kept")


def invalidated() -> set[str]:
    return {key for key in KEYS if cache_manager.get(key) is None}


def test_saving_invalidates_the_row_as_it_was_and_as_it_becomes(group):
    warm()
    group.name = "new"
    group.save()

    assert invalidated() == {"/groups/old/page", "/groups/new/page"}


def test_creating_invalidates_what_is_declared_for_it_besides():
    warm()
    Group.objects.create(name="new")

    assert invalidated() == {"/groups", "/groups/new/page"}


def test_deleting_invalidates_the_row(group):
    warm()
    group.delete()

    assert invalidated() == {"/groups/old/page"}


def test_relating_invalidates_from_either_side(group):
    permission = Permission.objects.first()
    for change in (
        lambda: group.permissions.add(permission),
        lambda: permission.group_set.remove(group),
        lambda: group.permissions.set([permission]),
    ):
        warm()
        change()
        assert "/groups/old/page" in invalidated()


def test_clearing_from_the_other_side_invalidates_the_collection(group):
    permission = Permission.objects.first()
    group.permissions.add(permission)
    warm()

    permission.group_set.clear()

    assert invalidated() == {"/groups", "/groups/old/page", "/groups/new/page"}


def test_a_user_joining_a_group_invalidates_the_group(group):
    user = User.objects.create(username="ann")
    warm()
    user.groups.add(group)

    assert invalidated() == {"/groups/old/page"}


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.update(name="new"),
        lambda rows: rows.delete(),
        lambda rows: BulkGroup.objects.bulk_create([BulkGroup(name="new")]),
        lambda rows: BulkGroup.objects.bulk_update(list(rows), ["name"]),
        lambda rows: rows._raw_delete("default"),
    ],
    ids=["update", "delete", "bulk_create", "bulk_update", "raw delete"],
)
def test_bulk_methods_invalidate_the_collection(change):
    warm()
    change(BulkGroup.objects.filter(name="old"))

    assert invalidated() == {"/groups", "/groups/old/page", "/groups/new/page"}


def test_loading_a_fixture_invalidates_the_collection(group):
    text = serialize("json", [group])
    warm()
    for row in deserialize("json", text):
        row.save()

    assert invalidated() == {"/groups", "/groups/old/page", "/groups/new/page"}


def test_without_a_collection_bulk_methods_invalidate_everything():
    invalidation.declarations.clear()
    invalidates(BulkGroup, ["/groups"])
    warm()
    BulkGroup.objects.filter(name="old").update(name="new")

    assert invalidated() == set(KEYS)


def test_several_apps_may_declare_one_model(group):
    invalidates(Group, ["/other"])
    warm()
    group.save()

    assert invalidated() == {"/groups/old/page", "/other"}


def test_invalidate_on_commit_waits_for_the_commit():
    warm()
    with transaction.atomic():
        invalidate_on_commit("/other")
        assert cache_manager.get("/other") is None  # this connection bypasses the cache
        cache_manager.set("/other", "uncommitted")

    assert invalidated() == {"/other"}


def test_invalidate_on_commit_with_a_rollback_invalidates_nothing():
    warm()
    with transaction.atomic():
        invalidate_on_commit("/other")
        transaction.set_rollback(True)

    assert invalidated() == set()


def test_cache_manager_invalidates_at_once_and_on_commit():
    warm()
    with transaction.atomic():
        cache_manager.invalidate_pattern("/groups/*")
        transaction.set_rollback(True)

    assert invalidated() == {"/groups", "/groups/old/page", "/groups/new/page"}


def test_many_saves_in_one_transaction_wait_as_one_hook(group):
    with transaction.atomic():
        for _ in range(20):
            group.save()
        assert len(transaction.get_connection().run_on_commit) == 1


@pytest.mark.parametrize("command", ["flush", "migrate"])
def test_a_command_that_changes_rows_without_signals_invalidates_everything(command):
    warm()
    call_command(command, interactive=False, verbosity=0)

    assert invalidated() == set(KEYS)


def raise_error(**_) -> None:
    raise RuntimeError


def test_a_receiver_connected_before_ours_that_raises_leaves_nothing_old(group):
    """Without a transaction the row is written, although the receiver raises."""
    signals.post_save.disconnect(sender=Group, dispatch_uid="_after_save")
    signals.post_save.connect(raise_error, sender=Group)
    try:
        invalidates(Group, ["/groups/*"])
        warm()
        with pytest.raises(RuntimeError):
            group.save()
    finally:
        signals.post_save.disconnect(raise_error, sender=Group)

    assert "/groups/old/page" in invalidated()


@pytest.fixture
def former_type(declared_groups):
    """A related row in memory, from before another connection renamed it."""
    invalidates(
        Permission, lambda permission: [f"/groups/{permission.content_type.model}/*"]
    )
    kind = ContentType.objects.create(app_label="cache_tests", model="old")
    Permission.objects.create(content_type=kind, codename="there", name="there")
    yield kind
    ContentType.objects.filter(pk=kind.pk).delete()


def rename_type() -> None:
    ContentType.objects.filter(app_label="cache_tests").update(model="new")
    warm()


def test_deleting_a_row_whose_relation_was_renamed_invalidates_both_names(former_type):
    permission = Permission.objects.select_related("content_type").get(codename="there")
    rename_type()
    permission.delete()

    assert invalidated() == {"/groups/old/page", "/groups/new/page"}


def test_creating_a_row_whose_relation_was_renamed_invalidates_the_new_name(
    former_type,
):
    rename_type()
    Permission.objects.create(content_type=former_type, codename="new", name="new")

    assert "/groups/new/page" in invalidated()
