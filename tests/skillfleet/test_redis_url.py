"""REDIS_URL gives the project one cache for all its hosts."""

import os
import subprocess
import sys

SHOW = """
import django
from django.conf import settings
from django.core.management import call_command

django.setup()
call_command("check")
default = settings.CACHES["default"]
print(default["BACKEND"], default["LOCATION"], default["OPTIONS"].get("PREFIX"))
"""


def default_cache(tmp_path, **variables: str) -> str:
    """The default cache that settings make from the environment; checks must pass."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "skillfleet.settings"}
    environment |= {"SKILLFLEET_VAR_DIR": str(tmp_path), "REDIS_URL": "", **variables}
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1]


def test_without_it_values_are_in_each_process(tmp_path):
    assert default_cache(tmp_path).startswith("cachelayer.backends.MemoryCache")


def test_with_it_values_are_in_the_server(tmp_path):
    cache = default_cache(tmp_path, REDIS_URL="redis://127.0.0.1:1/0")

    assert cache == "cachelayer.backends.RedisCache redis://127.0.0.1:1/0 skill_fleet:"
