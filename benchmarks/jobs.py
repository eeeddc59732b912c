"""`make bench-jobs`: measure, and write the section of docs/reference/benchmarks.md.

QUICK=1 runs all of it on a smaller scale and prints instead of writing.
"""

import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.machine import Load, description
from benchmarks.page import write_section
from benchmarks.queueing.contenders import CONTENDERS
from benchmarks.queueing.report import PARTS
from benchmarks.queueing.scale import QUICK, Scale
from benchmarks.queueing.setups import Servers, Setup
from tests.servers.postgres import postgres
from tests.servers.valkey import valkey

PACKAGES = ("django", "django-q2", "procrastinate", "celery", "django-tasks-db")


def main(chosen: list[str]) -> None:
    quick = bool(os.environ.get("QUICK"))
    lines = measured(chosen, QUICK if quick else Scale())
    if quick or chosen:
        print("\n".join(lines))
    else:
        write_section("jobs", lines)


def measured(chosen: list[str], scale: Scale) -> list[str]:
    load = Load()
    lines: list[str] = []
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="skillfleet-bench-"))
        )
        servers = Servers(
            folder,
            stack.enter_context(postgres(folder)),
            stack.enter_context(valkey(folder)),
        )
        stack.callback(servers.close)
        for name in CONTENDERS:
            servers.open(Setup(name, servers))
        for name, part in PARTS.items():
            if not chosen or name in chosen:
                begun = time.monotonic()
                lines += part(servers, scale)
                seconds = time.monotonic() - begun
                print(f"{name}: {seconds:.0f} s", file=sys.stderr, flush=True)
    return [f"{description((*PACKAGES, 'psycopg'))} {load.remark()}", *lines]


if __name__ == "__main__":
    main(sys.argv[1:])
