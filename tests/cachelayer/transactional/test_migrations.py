"""A database in which CacheHost was still named Plane keeps its rows and rights."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Now

from cachelayer.models import CacheHost
from jobs.models import Worker

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE = ("cachelayer", "0001_initial")
RENAMING = [("cachelayer", "0002_cache_host"), ("jobs", "0012_worker_cache_host")]


@pytest.fixture
def before():
    """The database before the migration, and its models."""
    call_command("migrate", *BEFORE, verbosity=0)
    yield MigrationExecutor(connection).loader.project_state([BEFORE]).apps
    call_command("migrate", verbosity=0)


def test_a_row_of_before_is_read_after_the_migration(before):
    Plane = before.get_model("cachelayer", "Plane")
    Plane.objects.create(plane_id="0f" * 8, host="web-1", seen_at=Now())

    call_command("migrate", verbosity=0)

    assert CacheHost.objects.get(host_id="0f" * 8).host == "web-1"


def test_the_right_to_operate_the_cache_stays_the_same_row(before):
    granted = Permission.objects.get(codename="operate_cache")

    call_command("migrate", verbosity=0)

    assert Permission.objects.get(codename="operate_cache").pk == granted.pk
    assert granted.content_type_id == ContentType.objects.get_for_model(CacheHost).pk


@pytest.mark.parametrize("renaming", RENAMING, ids="{0[0]}".format)
def test_the_renaming_runs_no_sql(renaming):
    loader = MigrationExecutor(connection).loader

    statements = loader.collect_sql([(loader.graph.nodes[renaming], False)])

    assert [line for line in statements if not line.startswith("--")] == []


def test_the_column_of_a_worker_keeps_its_name():
    worker = Worker.objects.register()
    with connection.cursor() as cursor:
        cursor.execute("SELECT plane FROM jobs_worker WHERE id = %s", [worker.pk])
        assert cursor.fetchone() == (worker.cache_host,)
