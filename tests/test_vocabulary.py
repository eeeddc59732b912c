"""The vocabulary: words of our own that need explaining stand nowhere in the project.

CONTRIBUTING.md has the rule. Each pattern matches whole words, also as part of a name
(`retire_all`, `CacheRetirement`), in code, comments, docs, templates and file names.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (
    "core",
    "cachelayer",
    "taxonomy",
    "jobs",
    "skillfleet",
    "demo",
    "benchmarks",
    "deploy",
    "docs",
    "tests",
)
SUFFIXES = {".css", ".html", ".lua", ".md", ".py", ".service", ".toml"}

INSTEAD = {
    r"retir(e|es|ed|ing|able|ement|ements)": "invalidate, invalidation, stale",
    r"planes?": "cache host",
    r"debts?|owe|owes|owed|owing": "pending invalidations",
    r"menders?|mend|mends|mended|mending": "recovery; to fix",
    r"seams?": "tag backend",
    r"by_?hand": "cache API",
    r"twins?": "async variants; counterpart",
    r"sights?": "the name of the module that it is folded into",
    r"census|censuses": "cluster statistics",
    r"surroundings": "environment checks",
    r"adoptions?": "queryset hooks",
    r"bells?|clappers?|ears?": "wake-up pipe, event listener",
    r"mourn|mourns|mourned|mourning": "on_worker_exit",
    r"bur(y|ies|ied|ying|ial|ials)": "release the jobs of a dead worker",
    r"farewells?": "clean exit",
    r"deaths?": "abnormal exits",
    r"bringings": "importer",
    r"judgings?": "validation",
    r"patience|patiently": "database retry",
    r"briefings?": "phase context",
    r"couriers?": "webhook sender",
    r"nurser(y|ies)": "worker start-up",
    r"shelf|shelves": "the noun for what is in it",
    r"outlooks?": "forecast, plan",
    r"theatres?": "benchmark environment",
    r"heirs?|widows?": "successor",
    r"(?<!single[ -])flights?": "single-flight",
    r"stampedes?": "single-flight",
    r"put(s|ting)? (it|one|them|that|this|jobs|these|those)? ?back": "unyank, requeue",
    r"lets? (it|them|him|her|this|that|things)? ?be": "skip",
    r"who\w*( \w+){1,4} need not": "a plain sentence with a subject",
}
"""Patterns of words, and what to say instead."""

ALLOWED = {
    "CHANGELOG.md": {"plane", "retired", "retire", "retiring", "flight"},
    "cachelayer/__init__.py": {"retire", "retiring"},
    "cachelayer/conf.py": {"plane", "flight"},
    "cachelayer/models.py": {"plane"},
    "docs/reference/cache-keys-and-patterns.md": {"plane", "flight"},
    "jobs/api/monitoring.py": {"plane"},
    "jobs/management/commands/workers.py": {"plane"},
    "jobs/models/worker.py": {"plane"},
    "skillfleet/api/cache.py": {"retired"},
    "skillfleet/urls.py": {"plane"},
    "tests/cachelayer/test_checks.py": {"plane", "flight"},
    "tests/cachelayer/transactional/test_migrations.py": {"plane"},
    "tests/jobs/api/test_workers.py": {"plane"},
    "tests/servers/postgres.py": {"death"},
    "tests/skillfleet/transactional/test_operating_the_cache.py": {"retired"},
    "tests/tables.py": {"plane"},
}
"""Words that a file may use: former names of fields, settings, functions and a page,
kept for one release; the table and columns of landed migrations; and PR_SET_PDEATHSIG,
the death signal of <sys/prctl.h>."""


def our_files() -> Iterator[Path]:
    """Files that we write; migrations that have landed are never edited."""
    paths = [path for path in ROOT.iterdir() if path.suffix in SUFFIXES]
    for folder in FOLDERS:
        paths += (ROOT / folder).rglob("*")
    for path in paths:
        if path.suffix in SUFFIXES and path.parent.name != "migrations":
            yield path


def words(text: str) -> str:
    """The text with the parts of names as words: `CacheHost.host_id` has four."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", text)


@cache
def text_of(path: Path) -> str:
    """The file's name as line 0, then its text; all in words, and in lower case."""
    return words(f"{path.stem}\n{path.read_text()}").lower()


@cache
def uses_of_all() -> dict[str, list[str]]:
    """The uses of each pattern, from one pass over the files."""
    patterns = {f"p{number}": pattern for number, pattern in enumerate(INSTEAD)}
    one_of_them = re.compile(
        rf"\b(?:{'|'.join(f'(?P<{name}>{it})' for name, it in patterns.items())})\b"
    )
    uses: dict[str, list[str]] = {pattern: [] for pattern in INSTEAD}
    for path in our_files():
        name = str(path.relative_to(ROOT))
        for use in one_of_them.finditer(text_of(path)):
            if path == Path(__file__) or use[0] in ALLOWED.get(name, ()):
                continue
            pattern = patterns[str(use.lastgroup)]
            line = use.string.count("\n", 0, use.start())
            uses[pattern].append(f"{name}:{line}: {use[0]!r}; say: {INSTEAD[pattern]}")
    return uses


@pytest.mark.parametrize("pattern", INSTEAD)
def test_a_metaphor_is_used_nowhere(pattern):
    assert uses_of_all()[pattern] == []


@pytest.mark.parametrize("name", ALLOWED)
def test_every_allowed_word_is_used(name):
    used = set(text_of(ROOT / name).replace("-", " ").split())

    assert {
        word for word in ALLOWED[name] if not any(word in each for each in used)
    } == (set())
