"""The servers that `make test` starts are the real ones."""

import psycopg
import redis
from django.db import connection


def test_postgresql_answers_with_its_version(postgres_url):
    with psycopg.connect(postgres_url) as session:
        row = session.execute("SELECT version()").fetchone()

    assert row is not None
    assert row[0].startswith("PostgreSQL ")


def test_valkey_gives_back_what_was_set(valkey_url):
    with redis.Redis.from_url(valkey_url) as session:
        session.set("test_servers:greeting", "hello", ex=60)

        assert session.get("test_servers:greeting") == b"hello"


def test_the_suite_runs_on_the_database_that_was_asked_for(db, settings):
    vendor = {
        "django.db.backends.sqlite3": "sqlite",
        "django.db.backends.postgresql": "postgresql",
    }[settings.DATABASES["default"]["ENGINE"]]

    assert connection.vendor == vendor


def test_sqlite_test_databases_are_files_that_other_processes_can_open(db):
    if connection.vendor == "sqlite":
        assert "memory" not in str(connection.settings_dict["NAME"])
