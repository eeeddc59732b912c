"""A change that is committed without Django calling the commit hooks."""

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, connection, transaction

from cachelayer import cache_manager
from cachelayer.transactions import dirty

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "/groups/readers/page"


@pytest.fixture(autouse=True)
def kept(declared_groups):
    Group.objects.create(name="readers")
    cache_manager.set(KEY, "old")


def touch() -> None:
    Group.objects.get(name="readers").save()


def test_a_commit_whose_answer_is_lost_retires(monkeypatch):
    commit = connection._commit

    def commit_and_lose() -> None:
        commit()
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(connection, "_commit", commit_and_lose)
    with pytest.raises(OperationalError), transaction.atomic():
        touch()

    assert cache_manager.get(KEY) is None


def test_a_rollback_retires_nothing():
    with transaction.atomic():
        touch()
        transaction.set_rollback(True)

    assert cache_manager.get(KEY) == "old"


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL refuses it")
def test_autocommit_switched_on_after_a_change_retires():
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
