"""A setting that could not work is refused at the start, with its name."""

import os
import runpy
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from skillfleet import product_settings
from skillfleet.api.throttles import WriteThrottle
from skillfleet.environment import rate

RATES = ["SKILLFLEET_WRITE_RATE", "SKILLFLEET_LOGIN_RATE", "SKILLFLEET_LOGIN_NAME_RATE"]


def test_a_rate_that_is_none_stops_the_server():
    started = subprocess.run(
        [sys.executable, "-c", "from skillfleet.wsgi import application"],
        env={**os.environ, RATES[0]: "abc"},
        capture_output=True,
        text=True,
    )

    assert started.returncode != 0
    assert f"{RATES[0]} is 'abc'; write a number per s, min, h" in started.stderr


@pytest.mark.parametrize("wrong", ["abc", "0/min", "5/week", "-1/s", "5", "5/min/h"])
def test_what_is_no_rate_is_refused(wrong, monkeypatch):
    monkeypatch.setenv(RATES[0], wrong)

    with pytest.raises(ImproperlyConfigured, match=RATES[0]):
        rate(RATES[0], "600/min")


def test_every_rate_is_read_so_and_an_empty_one_is_no_limit(monkeypatch):
    for name in RATES:
        monkeypatch.setenv(name, "")
    read = runpy.run_path(product_settings.__file__)["SKILLFLEET_RATES"]

    assert set(read.values()) == {""}


@pytest.mark.parametrize("text", ["1/s", "30/min", "5/h", "100/d", "600/hour"])
def test_a_rate_is_what_the_throttle_reads(text):
    number, seconds = WriteThrottle().parse_rate(rate("SKILLFLEET_NO_SUCH_RATE", text))
    assert (number, seconds) == (
        int(text.partition("/")[0]),
        {"s": 1, "m": 60, "h": 3600, "d": 86400}[text.partition("/")[2][0]],
    )


def started(folder, umask=0o022, **variables):
    """A process that opens the database, with a var folder of its own."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "skillfleet.settings",
        "SKILLFLEET_VAR_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        **variables,
    }
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import skillfleet.wsgi, django.db as db;"
            "db.connection.cursor().execute('create table if not exists t (n int)')",
        ],
        env=environment,
        capture_output=True,
        text=True,
        umask=umask,
    )


@pytest.mark.parametrize("key", ["x", "changeme", "ab" * 40, "0123456789" * 3])
def test_a_key_that_can_be_guessed_is_refused_in_production(tmp_path, key):
    process = started(tmp_path / "var", SECRET_KEY=key)

    assert process.returncode != 0
    assert f"SECRET_KEY has {len(key)} characters" in process.stderr
    assert "openssl rand" in process.stderr


def test_a_key_that_can_be_guessed_is_for_debugging(tmp_path):
    process = started(tmp_path / "var", SECRET_KEY="x", DJANGO_DEBUG="on")

    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize("is_old", [False, True])
def test_the_database_and_its_folder_are_private_whatever_the_umask(
    tmp_path, umask, is_old
):
    folder = tmp_path / "new" / "var"
    database = folder / "db.sqlite3"
    if is_old:  # made by an earlier version
        folder.mkdir(parents=True)
        database.touch()
        database.chmod(0o644)

    process = started(folder, umask)

    assert process.returncode == 0, process.stderr
    assert database.stat().st_size
    assert [path for path in folder.glob("db.*") if path.stat().st_mode & 0o077] == []
    assert is_old or folder.stat().st_mode & 0o077 == 0


def test_rights_of_a_group_stay(tmp_path):
    database = tmp_path / "other.sqlite3"
    database.touch()
    database.chmod(0o660)

    process = started(tmp_path / "var", DATABASE_URL=f"sqlite:///{database}")

    assert process.returncode == 0, process.stderr
    assert database.stat().st_mode & 0o777 == 0o660


@pytest.mark.parametrize("name", ["team#a", "what?", "c++", "50%25", "a b&c=d;e"])
def test_the_database_lies_in_the_folder_whatever_its_name(tmp_path, name):
    folder = tmp_path / name
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    database = subprocess.run(
        [
            sys.executable,
            "-c",
            "from skillfleet.settings import database; print(database['NAME'])",
        ],
        env={**environment, "SKILLFLEET_VAR_DIR": str(folder), "REDIS_URL": ""},
        capture_output=True,
        text=True,
    )

    assert database.stdout.strip() == str(folder / "db.sqlite3"), database.stderr
