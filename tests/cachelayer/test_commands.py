"""`cache_stats` and `cache_invalidate`, as an operator runs them."""

import json
import os
import signal
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from cachelayer import cache_endpoint, cache_manager
from cachelayer.stats import MIN_LOOKUPS, count_route
from tests.processes import ROOT


@pytest.fixture(autouse=True)
def counted(settings, tmp_path):
    settings.CACHELAYER = {**settings.CACHELAYER, "STATISTICS_FOLDER": str(tmp_path)}


@cache_endpoint
def one():
    return 1


def run(*arguments: str) -> str:
    stdout = StringIO()
    call_command(*arguments, stdout=stdout)
    return stdout.getvalue()


def test_the_statistics_as_json_are_those_of_the_manager():
    one(), one()

    stats = json.loads(run("cache_stats", "--json"))

    assert stats["host"]["tiers"]["endpoint"]["hits"] >= 1
    assert stats["routes"][0]["route"] == "tests.cachelayer.test_commands.one"
    assert [each["pid"] for each in stats["host"]["each"]] == [os.getpid()]


def test_without_json_there_are_tables_of_tiers_routes_and_processes(monkeypatch):
    one(), one()
    monkeypatch.setenv("COLUMNS", "80")

    output = run("cache_stats").splitlines()

    assert not [line for line in output if "…" in line]  # every column is whole
    rows = {line.split()[0]: line.split() for line in output if line.strip()}
    assert {"host", "endpoint", "branch", str(os.getpid())} <= rows.keys()
    assert rows["tests.cachelayer.test_commands.one"][1:4] == ["endpoint", "50.0%", "1"]


def test_a_low_hit_rate_is_above_the_tables():
    for _ in range(MIN_LOOKUPS):
        count_route("endpoint /a", "misses")

    output = " ".join(run("cache_stats").split())

    assert "Warning: The hit rate 0% of /a is below 70%" in output


def test_watching_refreshes_until_it_is_interrupted():
    with subprocess.Popen(
        [sys.executable, "manage.py", "cache_stats", "--watch"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        pictures = 0
        for line in process.stdout:
            pictures += "Host and tiers" in line
            if pictures == 2:
                process.send_signal(signal.SIGINT)
                break
        process.stdout.read()
        assert process.wait(20) == 0


def test_patterns_and_keys_are_invalidated_and_named(settings):
    for key in ("/a/1", "/b/1", "/c/1", "/d/1"):
        cache_manager.set(key, 1)

    printed = run("cache_invalidate", "/a/*", "/b/x*", "--key", "/c/1").split()

    assert printed == ["/a/*", "/b/*", "/c/1"]
    values = [cache_manager.get(key) for key in ("/a/1", "/b/1", "/c/1", "/d/1")]
    assert values == [None, None, None, 1]


def test_the_option_all_invalidates_everything():
    cache_manager.set("/a", 1)

    assert run("cache_invalidate", "--all") == "/*\n"
    assert cache_manager.get("/a") is None


def test_the_log_names_the_command_line(caplog):
    caplog.set_level("INFO", "cachelayer.manager")

    run("cache_invalidate", "/a")

    assert caplog.messages[0].endswith("on the command line")


@pytest.mark.parametrize("arguments", [[], [""], ["--key", " "]])
def test_nothing_to_invalidate_is_refused(arguments):
    with pytest.raises(CommandError):
        run("cache_invalidate", *arguments)
