"""`make chaos-cache`: random schedules on both backends and both databases.

STEPS (100,000) is divided among the four combinations; SEED is the seed of the first
round of each. MUTANT names a part of the cache to patch away; the run must then fail.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.__main__ import ROOT, clean_environment, postgres_url, redis_url
from tests.cachelayer.chaos.rounds import COLUMNS

STEPS = 100_000
COMBINATIONS = 4


def main() -> int:
    steps = int(os.environ.get("STEPS") or STEPS)
    seed = int(os.environ.get("SEED") or random.randrange(1, 10**6))
    mutant = os.environ.get("MUTANT", "")
    without = f" without {mutant}" if mutant else ""
    print(f"{steps} steps, SEED={seed}{without}", flush=True)
    began = time.monotonic()
    combinations = play(steps // COMBINATIONS, seed, mutant)
    return report(combinations, time.monotonic() - began)


def play(steps: int, seed: int, mutant: str) -> list[dict[str, Any]]:
    """Start one process for each database; return the outcome of each combination."""
    outcomes: list[dict[str, Any]] = []
    with ExitStack() as stack:
        made = tempfile.TemporaryDirectory(prefix="skillfleet-")
        folder = Path(stack.enter_context(made))
        environment = clean_environment(folder)
        environment["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        environment["TEST_REDIS_URL"] = stack.enter_context(redis_url(folder))
        urls = {"SQLite": "", "PostgreSQL": stack.enter_context(postgres_url(folder))}
        for database, url in urls.items():
            result = folder / f"{database}.json"
            rounds = [sys.executable, "-m", "tests.cachelayer.chaos.rounds"]
            ran = subprocess.run(
                [*rounds, database, str(steps), str(seed), mutant, str(result)],
                cwd=ROOT,
                env=environment | ({"DATABASE_URL": url} if url else {}),
            )
            if ran.returncode:
                sys.exit(ran.returncode)
            outcomes += json.loads(result.read_text())
    return outcomes


def report(outcomes: list[dict[str, Any]], seconds: float) -> int:
    """Print a row for each combination; return 1 if any of them was wrong, else 0."""
    print(f"\n{'':24}{'steps':>10}" + "".join(f"{name:>10}" for name in COLUMNS))
    for outcome in outcomes:
        cells = [
            outcome["steps"],
            *(outcome["counts"].get(name, 0) for name in COLUMNS),
        ]
        row = "".join(f"{cell:>10}" for cell in cells)
        print(f"{outcome['place']:24}{row}  {'WRONG' if outcome['story'] else 'ok'}")
    for outcome in outcomes:
        if outcome["story"]:
            print(f"\n{outcome['story']}")
    wrong = sum(bool(outcome["story"]) for outcome in outcomes)
    result = (
        f"{wrong} of {len(outcomes)} combinations are wrong" if wrong else "no fault"
    )
    print(f"\n{result}, in {seconds:.0f} s")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
