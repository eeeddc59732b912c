"""`make bench-search`: SKILLS skills in ten thousand categories, on both databases.

It measures how long searches take, whether they find the intended skill, how fast
skills are imported, and the cost of reading the tree and the lists. With
SKILLFLEET_CORPUS it also measures the recall of prompts (see searching/recall.py).
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import quote

from benchmarks.machine import Load, description
from benchmarks.page import duration, table, write_section
from benchmarks.searching import TOO_MANY
from tests.servers.postgres import postgres

SKILLS = int(os.environ.get("SKILLS", "2000" if os.environ.get("QUICK") else "100000"))
IMPORTED = 100
BY_MEANING = 20
EXACT = ("one word", "two words", "one word of a name", "a name")
ROUNDS = 3
Row = tuple[str, ...]


def searches(kinds: Collection[str] = (), how: str = "") -> Iterator[Row]:
    """The times of searches, for these kinds of questions or for all."""
    from benchmarks.searching.questions import Sample, search, timed, times, worked

    for kind, questions in Sample().questions().items():
        if kinds and kind not in kinds:
            continue
        search(questions[0])
        seconds, work, first = [], [], 0
        for question in questions:
            names: list[str] = []
            begun = worked()
            seconds.append(timed(lambda: names.extend(search(question))))  # noqa: B023
            work.append(worked() - begun)
            first += question.about in names[:3]
        figures = (*times(seconds), *times(work))
        cells = [duration(figure, ours=True) for figure in figures]
        yield "searches", f"{kind}{how}", *cells, f"{first / len(questions):.0%}"


def sets() -> Iterator[Row]:
    """Digests of the results of exact words, to compare the databases."""
    from benchmarks.searching.questions import Sample, all_found

    for kind, questions in Sample().questions().items():
        if kind in EXACT:
            yield "sets", kind, *(all_found(question) for question in questions)


def read() -> Iterator[Row]:
    from benchmarks.searching.questions import client, kinds_of_reading, reading

    reader = client()
    for kind, address in kinds_of_reading():
        seconds, queries = reading(reader, address, ROUNDS)
        yield "read", kind, duration(seconds, ours=True), str(queries)


def imported(folder: Path) -> Iterator[Row]:
    from django.core.management import call_command

    from benchmarks.searching.questions import timed
    from benchmarks.searching.skills import Writer
    from taxonomy.files.write import write_folder

    writer = Writer(9)
    for number in range(SKILLS, SKILLS + IMPORTED):
        files = writer.files(number)
        name = files[0].content.split(b"\n")[1].removeprefix(b"name: ").decode()
        write_folder(files, folder / name)
    report = os.devnull
    with open(report, "w") as output:
        for kind in ("new", "unchanged"):
            seconds = timed(
                lambda: call_command("import_skills", str(folder), stdout=output)
            )
            yield "imported", kind, f"{IMPORTED / seconds:,.0f}"


def recalled() -> Iterator[Row]:
    from django.test.utils import override_settings

    from benchmarks.searching.recall import prompts, recall_at

    for most, how in ((0, "by words"), (BY_MEANING, "by meaning, too")):
        for half, held_out in (("tuned on", False), ("held out", True)):
            some = [prompt for prompt in prompts() if prompt.held_out == held_out]
            with override_settings(SKILLFLEET_SEARCH_BY_MEANING=most):
                shares = [f"{recall_at(some, first):.3f}" for first in (1, 3)]
            yield "recalled", f"{half}, {how}", str(len(some)), *shares


def run(folder: Path) -> Iterator[Row]:
    """Run this in a process of its own with DATABASE_URL set."""
    import django
    from django.core.management import call_command
    from django.test.utils import override_settings

    django.setup()
    from benchmarks.searching import recall, skills
    from benchmarks.searching.questions import timed

    call_command("migrate", verbosity=0)
    call_command("seed_taxonomy", verbosity=0)
    if corpus := recall.corpus():
        recall.publish(corpus)
        yield from ((f"{kind} alone", *cells) for kind, *cells in recalled())
    seconds = timed(lambda: skills.fill(SKILLS))
    yield "filled", "", f"{SKILLS / seconds:,.0f}"
    skills.settle()
    yield from searches()
    with override_settings(SKILLFLEET_SEARCH_BY_MEANING=BY_MEANING):
        yield from searches(("a sentence of ten words",), ", by meaning")
    yield from sets()
    yield from read()
    yield from imported(folder / "skills")
    if corpus:
        yield from recalled()


def rows(name: str, folder: Path, url: str) -> list[list[str]]:
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "skillfleet.settings",
        "SKILLFLEET_VAR_DIR": str(folder / name),
        "SKILLFLEET_LOG_LEVEL": "ERROR",
        "DATABASE_URL": url,
        "REDIS_URL": "",
    }
    command = [sys.executable, "-m", "benchmarks.search", str(folder / name)]
    done = subprocess.run(
        command, env=env, stdout=subprocess.PIPE, text=True, check=True
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


def section(databases: dict[str, list[list[str]]], load: Load) -> list[str]:
    """A table for each kind of figure, the databases side by side."""
    heads = {
        "searches": ("p50", "p95", "CPU p50", "CPU p95", "in the first 3"),
        "read": ("not cached", "queries"),
        "filled": ("skills/s",),
        "imported": ("skills/s",),
        "recalled alone": ("prompts", "recall@1", "recall@3"),
        "recalled": ("prompts", "recall@1", "recall@3"),
    }
    titles = {
        "searches": "Searches for a page of 50",
        "read": "Reading by the API",
        "filled": "Written in bulk, the index with them",
        "imported": "`import_skills`, into the full fleet",
        "recalled alone": "Prompts, among the skills they are about",
        "recalled": "Prompts, among all skills",
    }
    lines = [f"{SKILLS:,} skills. {description(('django', 'psycopg'))} {load.remark()}"]
    for kind, columns in heads.items():
        head = ["", *(f"{name}: {column}" for name in databases for column in columns)]
        first, *others = (
            [r[1:] for r in each if r[0] == kind] for each in databases.values()
        )
        cells = [
            [*row, *(cell for other in others for cell in other[place][1:])]
            for place, row in enumerate(first)
        ]
        if cells:
            lines += ["", f"**{titles[kind]}**", *table(head, cells)]
    return [*lines, "", "**The same found by both**", *compared(databases)]


def compared(databases: dict[str, list[list[str]]]) -> list[str]:
    """How many questions give the same skills on all databases.

    Questions with too many results, which are cut off, do not count.
    """
    first, *others = (
        {r[1]: r[2:] for r in each if r[0] == "sets"} for each in databases.values()
    )
    cells = []
    for kind, answers in first.items():
        pairs = zip(answers, *(other[kind] for other in others), strict=True)
        full = [pair for pair in pairs if TOO_MANY not in pair]
        same = sum(len(set(pair)) == 1 for pair in full)
        cells.append([kind, str(len(full)), str(same)])
    return table(["", "questions", "the same skills"], cells)


def main() -> None:
    load = Load()
    with tempfile.TemporaryDirectory(prefix="skillfleet-search-") as name:
        folder = Path(name)
        databases = {
            "SQLite": rows(
                "SQLite", folder, f"sqlite:///{quote(str(folder / 'db.sqlite3'))}"
            )
        }
        with postgres(folder) as url:
            databases["PostgreSQL"] = rows("PostgreSQL", folder, url)
    lines = section(databases, load)
    if os.environ.get("QUICK"):
        print("\n".join(lines))
    else:
        write_section("search", lines)


if __name__ == "__main__":
    if sys.argv[1:]:
        for cells in run(Path(sys.argv[1])):
            print("\t".join(cells), flush=True)
    else:
        main()
