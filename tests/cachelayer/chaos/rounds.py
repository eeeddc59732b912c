"""Runs on one database, once for each backend.

`python -m tests.cachelayer.chaos.rounds DATABASE STEPS SEED MUTANT RESULT`: RESULT is
the file that is written; MUTANT may be empty.
"""

import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

STEPS_OF_A_ROUND = 2500
COLUMNS = ("reads", "hits", "commits", "rollbacks", "keys", "kills", "late")


def main(database: str, steps: int, seed: int, mutant: str, result: Path) -> None:
    django.setup()
    from django.db import connection
    from django.test.utils import setup_test_environment

    from tests.cachelayer.chaos.rows import tables
    from tests.cachelayer.mutants import MUTANTS

    if mutant and mutant not in MUTANTS:
        sys.exit(f"MUTANT is one of {', '.join(MUTANTS)}")
    setup_test_environment()
    former, outcomes = str(connection.settings_dict["NAME"]), []
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    with tables():
        for name, cache in caches().items():
            place = f"{name} {database}"
            outcomes.append({"place": place, **play(place, cache, steps, seed, mutant)})
    connection.creation.destroy_test_db(former, verbosity=0)
    result.write_text(json.dumps(outcomes))


def caches() -> dict[str, dict[str, Any]]:
    from django.conf import settings

    from tests.cachelayer.backends import redis_cache

    folder = Path(settings.CACHES["default"]["LOCATION"])
    return {
        "MemoryCache": settings.CACHES["default"],
        "RedisCache": redis_cache(os.environ["TEST_REDIS_URL"], folder),
    }


def play(
    place: str, cache: dict[str, Any], steps: int, seed: int, mutant: str
) -> dict[str, Any]:
    """Run rounds of consecutive seeds until the steps are done or one is wrong."""
    from django.conf import settings
    from django.test import override_settings

    from tests.cachelayer.chaos.campaign import Campaign
    from tests.cachelayer.mutants import mutated

    total, done, story = Counter[str](), 0, ""
    ours = {
        "CACHES": {**settings.CACHES, "default": cache},
        "CACHELAYER": {"PATH_PREFIX": "/api/v1", "STRICT_SHARED_TIER": True},
    }
    with override_settings(**ours), mutated(mutant):
        while done < steps and not story:
            count = min(STEPS_OF_A_ROUND, steps - done)
            with tempfile.TemporaryDirectory() as folder:
                run = Campaign(Path(folder), seed=seed, steps=count)
                result = run.run(progress_line(f"{place:24} seed {seed:<8}", count))
            outcome = "WRONG" if result.wrong() else "ok"
            print(f"{place:24} seed {seed:<8} {count} steps: {outcome}", flush=True)
            total.update(result.counts)
            done, seed = done + count, seed + 1
            if result.wrong():
                story = f"{place}, SEED={seed - 1}\n{result.report()}"
    return {"steps": done, "counts": total, "story": story}


def progress_line(title: str, steps: int) -> Callable[[int], None]:
    """A function that shows the number of steps done, if stdout is a terminal."""

    def show(done: int) -> None:
        if sys.stdout.isatty():
            print(f"\r{title} {done}/{steps}\r", end="", flush=True)

    return show


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(
        arguments[0],
        int(arguments[1]),
        int(arguments[2]),
        arguments[3],
        Path(arguments[4]),
    )
