"""Changes that are committed without Django calling the commit hooks."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import Group
from django.db import (
    DEFAULT_DB_ALIAS,
    OperationalError,
    connection,
    connections,
    transaction,
)

from cachelayer import cache_manager, transactions
from cachelayer.transactions import dirty, mark
from tests.cachelayer.mutants import mutated
from tests.cachelayer.threads import elsewhere

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "/groups/readers/page"


@pytest.fixture(autouse=True)
def cached_value(declared_groups):
    Group.objects.create(name="readers")
    cache_manager.set(KEY, "old")


def touch() -> None:
    Group.objects.get(name="readers").save()


def test_a_commit_whose_answer_is_lost_invalidates(monkeypatch):
    commit = connection._commit

    def commit_and_lose() -> None:
        commit()
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(connection, "_commit", commit_and_lose)
    with pytest.raises(OperationalError), transaction.atomic():
        touch()

    assert cache_manager.get(KEY) is None


def test_a_rollback_invalidates_nothing():
    with transaction.atomic():
        touch()
        transaction.set_rollback(True)

    assert cache_manager.get(KEY) == "old"


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL refuses it")
def test_autocommit_switched_on_after_a_change_invalidates():
    transaction.set_autocommit(False)
    touch()
    transaction.set_autocommit(True)

    assert not dirty()
    assert cache_manager.get(KEY) is None


def test_a_connection_that_is_made_like_it_commits():
    with transaction.atomic():
        touch()
    other = connection.copy()
    other.set_autocommit(False)
    other.commit()
    other.set_autocommit(True)
    other.close()


def seen_after_an_explicit_commit() -> str | None:
    """What another thread reads after `transaction.commit()`: before Django has called
    a hook, and before a rollback drops the hooks."""
    transaction.set_autocommit(False)
    touch()
    transaction.commit()
    value = elsewhere(cache_manager.get, KEY)
    assert dirty() is (value is not None)
    transaction.rollback()
    transaction.set_autocommit(True)
    assert cache_manager.get(KEY) == value
    return value


def test_an_explicit_commit_invalidates_when_it_returns():
    assert seen_after_an_explicit_commit() is None


def test_without_invalidating_in_an_explicit_commit_the_old_stays():
    with mutated("commit-itself"):
        assert seen_after_an_explicit_commit() == "old"


def test_an_invalidation_that_fails_is_logged_and_tried_again(monkeypatch, caplog):
    failing = [OSError("once")]
    invalidate_now = transactions.invalidate_now

    def fail_once(tags) -> None:
        if failing:
            raise failing.pop()
        invalidate_now(tags)

    monkeypatch.setattr(transactions, "invalidate_now", fail_once)
    with transaction.atomic():
        touch()

    assert "not invalidated" in caplog.text
    assert cache_manager.get(KEY) is None


def test_threads_that_share_a_connection_see_it_dirty():
    """A change by any thread marks the connection as dirty for the others, too."""
    shared = connections[DEFAULT_DB_ALIAS]
    shared.inc_thread_sharing()

    def borrow() -> bool:
        connections[DEFAULT_DB_ALIAS] = shared
        return dirty()

    try:
        with ThreadPoolExecutor(1) as other:
            results = [other.submit(borrow).result(20)]
            with transaction.atomic():
                mark("/a")
                results += [other.submit(dirty).result(20), dirty()]
            results += [other.submit(dirty).result(20), dirty()]
    finally:
        shared.dec_thread_sharing()

    assert results == [False, True, True, False, False]
