"""No interleaving makes the cache serve a stale or a phantom value.

Each scenario returns what a request sees at its end. With the part that prevents it
patched away (a mutant), the request sees the wrong value.
"""

import os
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.db import connection, connections, transaction
from django.db.models import signals

from cachelayer import (
    cache_endpoint,
    cache_manager,
    invalidates,
    invalidation,
    transactions,
)
from cachelayer.manager import CacheManager
from cachelayer.transactions import backend
from tests.cachelayer.chaos.worker import then_die
from tests.cachelayer.forks import fork
from tests.cachelayer.mutants import mutated
from tests.cachelayer.threads import elsewhere

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("each_backend", "group"),
]
PK = 1001
before_return: list[Callable[[], None]] = []


class Undo(Exception):
    """Rolls a transaction back."""


def computed_name(pk: int) -> str:
    name = Group.objects.get(pk=pk).name
    for action in before_return:
        action()
    return name


@cache_endpoint(pattern="/groups/{pk}/*")
def name_of(pk: int) -> str:
    return computed_name(pk)


def name_by_key(pk: int) -> str:
    return cache_manager.get_or_set(f"/groups/{pk}/name", lambda: computed_name(pk))


@pytest.fixture
def group(each_backend):
    before_return.clear()
    yield Group.objects.create(pk=PK, name="old")
    before_return.clear()


@pytest.fixture(autouse=True)
def by_number(declared_groups):
    """Declare `/groups/{pk}/*`, because the names change in these tests."""
    invalidation.declarations.clear()
    invalidates(Group, lambda group: [f"/groups/{group.pk}/*"])


def rename(name: str = "new") -> None:
    group = Group.objects.get(pk=PK)
    group.name = name
    group.save()


def rename_in_bulk() -> None:
    Group.objects.filter(pk=PK).update(name="new")


def rename_in_transaction() -> None:
    with transaction.atomic():
        rename()


def rename_raw() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE auth_group SET name = 'new' WHERE id = %s", [PK])


def read_after(change: Callable[[], None]) -> str:
    rename("old")
    assert name_of(PK) == "old"
    change()
    return name_of(PK)


def late_set(read: Callable[[int], str]) -> str:
    """A reader computes the old value; a writer commits; the reader stores it."""
    rename("old")
    before_return.append(lambda: (before_return.clear(), elsewhere(rename)))
    assert read(PK) == "old"
    return read(PK)


def read_before_commit() -> str:
    """A reader fills the cache between the writer's statement and its commit."""
    with transaction.atomic():
        rename()
        assert elsewhere(name_of, PK) == "old"
    return name_of(PK)


def invalidate_before_commit() -> str:
    """A key is invalidated in a transaction, and stored again before the COMMIT."""
    with transaction.atomic():
        rename_raw()
        cache_manager.invalidate_pattern(f"/groups/{PK}/*")
        assert elsewhere(name_of, PK) == "old"
    return name_of(PK)


def killed_after_commit() -> str:
    """A process is killed between its COMMIT and the invalidation, and then reaped."""

    def rename_and_die() -> None:
        connection.ensure_connection()
        connection._commit = then_die(connection._commit)
        rename_in_transaction()

    assert name_of(PK) == "old"
    connections.close_all()
    os.waitpid(fork(rename_and_die), 0)
    backend().invalidate_all()
    return name_of(PK)


def read_own_change() -> str:
    assert name_of(PK) == "old"
    with transaction.atomic():
        rename()
        return name_of(PK)


def read_own_write(*, inner: bool = False) -> str:
    """A writer reads its own change and then rolls it back."""
    with transaction.atomic():
        with pytest.raises(Undo), transaction.atomic():
            rename()
            assert name_of(PK) == "new"
            raise Undo
        if not inner:
            transaction.set_rollback(True)
    return name_of(PK)


def read_and_roll_back_within() -> str:
    """A value is computed from a write that is rolled back before the value is
    returned."""

    @cache_endpoint(pattern=f"/groups/{PK}/*")
    def tried_name() -> str:
        with pytest.raises(Undo), transaction.atomic():
            rename("tried")
            seen = name_of(PK)
            raise Undo
        return seen if not seen_before else name_of(PK)

    seen_before: list[str] = []
    assert tried_name() == "tried"
    seen_before.append("tried")
    return tried_name()


def other_hook_raises() -> str:
    """A commit hook that was registered first raises; Django calls no other."""

    def fail() -> None:
        raise Undo

    assert name_of(PK) == "old"
    with pytest.raises(Undo), transaction.atomic():
        transaction.on_commit(fail)
        rename()
    return name_of(PK)


CHANGES = [rename, rename_in_bulk, rename_in_transaction]
READS = [name_of, name_by_key]


def test_what_was_committed_is_served():
    assert list(map(read_after, CHANGES)) == ["new"] * 3


def test_without_the_bump_the_old_is_served():
    with mutated("bump"):
        assert list(map(read_after, CHANGES)) == ["old"] * 3


def test_a_late_set_is_not_served():
    assert list(map(late_set, READS)) == ["new"] * 2


def test_without_the_token_a_late_set_is_served():
    with mutated("token"):
        assert list(map(late_set, READS)) == ["old"] * 2


def test_a_read_before_the_commit_is_not_served_after_it():
    assert read_before_commit() == "new"
    rename("old")
    assert invalidate_before_commit() == "new"


def test_without_the_commit_order_a_read_before_the_commit_is_served():
    with mutated("commit-order"):
        assert read_before_commit() == "old"


def test_without_invalidating_again_on_commit_the_old_is_served(monkeypatch):
    monkeypatch.setattr(CacheManager, "_again_on_commit", lambda self, pattern: None)

    assert invalidate_before_commit() == "old"


def test_what_a_killed_process_has_committed_is_served_once_it_is_reaped():
    assert killed_after_commit() == "new"


def test_without_the_reaper_the_old_is_served():
    with mutated("reaper"):
        assert killed_after_commit() == "old"


def test_a_writer_reads_its_own_change():
    assert read_own_change() == "new"


def test_without_bypassing_the_cache_a_writer_reads_the_old():
    with mutated("dirty-reads"):
        assert read_own_change() == "old"


@pytest.mark.parametrize("inner", [False, True], ids=["outer", "savepoint"])
def test_what_was_rolled_back_is_never_served(inner):
    assert read_own_write(inner=inner) == "old"


@pytest.mark.parametrize("inner", [False, True], ids=["outer", "savepoint"])
def test_without_the_dirty_bypass_what_was_rolled_back_is_served(inner):
    with mutated("dirty-bypass"):
        assert read_own_write(inner=inner) == "new"


def test_a_value_of_a_write_undone_while_computing_is_not_served():
    assert read_and_roll_back_within() == "old"


def test_without_counting_marks_a_value_of_an_undone_write_is_served(monkeypatch):
    committed = transactions.Reading.committed

    def forget_marks(self):
        self._marks = transactions.marks.count
        return committed(self)

    monkeypatch.setattr(transactions.Reading, "committed", forget_marks)

    assert read_and_roll_back_within() == "tried"


def test_another_commit_hook_that_raises_does_not_keep_the_old_value():
    assert other_hook_raises() == "new"


def test_a_hook_that_is_neither_first_nor_in_the_commit_may_not_run(monkeypatch):
    pending_hook = transactions._pending_hook

    def last(connection):
        hook = pending_hook(connection)
        connection.run_on_commit.sort(key=lambda row: row[1] is hook)
        return hook

    monkeypatch.setattr(transactions, "_pending_hook", last)

    with mutated("commit-itself"):
        assert other_hook_raises() == "old"


def test_a_rolled_back_savepoint_leaves_the_outer_invalidation():
    assert name_of(PK) == "old"
    with transaction.atomic():
        rename()
        with pytest.raises(Undo), transaction.atomic():
            rename("undone")
            raise Undo

    assert name_of(PK) == "new"


def test_a_released_savepoint_invalidates_with_the_outer_commit():
    assert name_of(PK) == "old"
    with transaction.atomic(), transaction.atomic():
        rename()

    assert name_of(PK) == "new"


@pytest.fixture
def names_seen_on_save():
    """What a receiver that was connected before ours reads from the cache."""
    seen: list[str] = []

    def look(**_) -> None:
        seen.append(name_of(PK))

    signals.post_save.connect(look, sender=Group)
    signals.post_save.receivers.insert(0, signals.post_save.receivers.pop())
    signals.post_save.sender_receivers_cache.clear()
    yield seen
    signals.post_save.disconnect(look, sender=Group)


def test_a_receiver_that_comes_before_ours_already_bypasses_the_cache(
    names_seen_on_save,
):
    assert name_of(PK) == "old"
    with transaction.atomic():
        rename()

    assert names_seen_on_save == ["new"]


def test_without_marking_before_the_save_it_reads_the_old(
    monkeypatch, names_seen_on_save
):
    monkeypatch.setattr(invalidation, "mark", lambda *patterns, using: False)
    assert name_of(PK) == "old"
    with transaction.atomic():
        rename()

    assert names_seen_on_save == ["old"]


def read_raw_change_undone() -> str:
    """A raw change that nobody announced is read and rolled back."""
    with transaction.atomic():
        rename_raw()
        assert name_of(PK) == "new"
        cache_manager.set("/by-hand", "raw")
        transaction.set_rollback(True)
    return name_of(PK)


def test_within_a_transaction_nothing_is_stored():
    """Its snapshot may be old, and what it reads may be rolled back."""
    assert read_raw_change_undone() == "old"
    assert cache_manager.get("/by-hand") is None


def test_without_refusing_to_store_there_what_was_undone_is_served(monkeypatch):
    monkeypatch.setattr(
        transactions, "_reads_committed", lambda each: not transactions.is_dirty(each)
    )

    assert read_raw_change_undone() == "new"


def test_what_is_fresh_is_read_within_a_transaction_too():
    name_of(PK)
    before_return.append(lambda: pytest.fail("computed again"))
    with transaction.atomic():
        assert name_of(PK) == "old"


def test_a_new_row_that_is_rolled_back_is_not_served():
    @cache_endpoint(pattern="/groups/*")
    def names() -> list[str]:
        return list(Group.objects.filter(name="new").values_list("name", flat=True))

    def look(**_) -> None:
        assert names() == ["new"]

    signals.post_save.connect(look, sender=Group)
    signals.post_save.receivers.insert(0, signals.post_save.receivers.pop())
    signals.post_save.sender_receivers_cache.clear()
    with transaction.atomic():
        Group.objects.create(name="new")
        transaction.set_rollback(True)
    signals.post_save.disconnect(look, sender=Group)

    assert names() == []
