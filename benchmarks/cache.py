"""`make bench-cache`: measure, and write the sections of docs/reference/benchmarks.md.

ARGS names some of the parts. QUICK=1 measures on a smaller scale and prints the result.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from benchmarks.caching.scale import QUICK, Scale
from benchmarks.machine import Load, description
from benchmarks.page import write_section
from tests.servers.valkey import valkey


def main(chosen: list[str]) -> None:
    quick = bool(os.environ.get("QUICK"))
    with tempfile.TemporaryDirectory(prefix="skillfleet-bench-") as name:
        folder = Path(name)
        with valkey(folder) as url:
            prepare_project(folder, url.rsplit("/", 1)[0])
            for part, lines in measured(chosen, QUICK if quick else Scale()):
                if quick:
                    print("\n".join(lines), flush=True)
                else:
                    write_section(f"cache {part}", lines)


def prepare_project(folder: Path, valkey_url: str) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "benchmarks.caching.settings",
        "SKILLFLEET_VAR_DIR": str(folder / "var"),
        "BENCH_VALKEY": valkey_url,
        "DATABASE_URL": f"sqlite:///{quote(str(folder / 'db.sqlite3'))}",
        "REDIS_URL": "",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def measured(chosen: list[str], scale: Scale) -> Iterator[tuple[str, list[str]]]:
    """The lines of each part, with the date and the machine."""
    from benchmarks.caching.report import PARTS

    for name in chosen or PARTS:
        print(f"{name} …", file=sys.stderr, flush=True)
        load = Load()
        lines = list(PARTS[name](scale))
        yield name, [*lines, "", f"{description()} {load.remark()}"]


if __name__ == "__main__":
    main(sys.argv[1:])
