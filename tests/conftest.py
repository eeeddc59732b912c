"""Fixtures and hooks for the tests of all packages."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import TransactionTestCase
from hypothesis import settings as hypothesis_settings

from tests import tables
from tests.empty_cache import empty_cache  # noqa: F401  an empty cache for each test
from tests.settings import FOLDER

DATABASE_FIXTURES = {
    "db",
    "transactional_db",
    "django_db_reset_sequences",
    "django_db_serialized_rollback",
    "live_server",
    "admin_user",
    "admin_client",
}

hypothesis_settings.register_profile("local", deadline=None)
hypothesis_settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Mark what touches a database or Valkey, so that -m selects it."""
    for item in items:
        if config.getoption("loadgroup", None):
            keep_group_together(item)
        fixtures = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db") or fixtures & DATABASE_FIXTURES:
            item.add_marker("db")
        if "valkey_url" in fixtures:
            item.add_marker("valkey")


def keep_group_together(item: pytest.Item) -> None:
    """Name an item's `xdist_group` at the end of its id, where xdist's scheduler looks
    for it. xdist 3.8 itself sets an attribute that pytest 9 no longer reads."""
    if group := item.get_closest_marker("xdist_group"):
        item._id = item.id.parse(f"{item.nodeid}@{group.args[0]}")


def pytest_collection_finish() -> None:
    Path(os.environ[FOLDER], "collected").touch()
    freeze_what_is_imported()


def freeze_what_is_imported() -> None:
    """Keep the garbage collector from scanning all imported modules again and again,
    which would take a tenth of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """Empty the tables quickly between transactional tests."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        tables.rights()
        patch.setattr(TransactionTestCase, "_fixture_teardown", tables.empty_tables)
        yield


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The PostgreSQL server of the runner, or of TEST_POSTGRES_URL."""
    return named_server("TEST_POSTGRES_URL")


@pytest.fixture(scope="session")
def valkey_url() -> str:
    """The Valkey server of the runner, or of TEST_REDIS_URL."""
    return named_server("TEST_REDIS_URL")


def named_server(variable: str) -> str:
    url = os.environ.get(variable)
    if not url:
        pytest.skip(f"{variable} is not set; `make test` starts a server and sets it")
    return url


@pytest.fixture
def seeded(db: None) -> None:
    """The categories of `seed_taxonomy`; post_migrate has made the roles.

    With the fixture `db` a transactional test stays transactional.
    """
    tables.seed()
