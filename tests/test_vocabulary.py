"""The vocabulary: words that need explaining are used nowhere in the project.

CONTRIBUTING.md has the rule. Each pattern matches whole words, also as part of a name
(`retire_all`, `CacheRetirement`), in code, comments, docs, templates and file names.
Names that do not say what they hold are refused as well.
"""

import ast
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

CATCH_ALLS = {"found", "there", "wanted", "shown"}
"""Names that say nothing of what they hold: take the noun for it instead."""

FIELDS = {"jobs/authors/base.py": {"found"}, "jobs/pipeline/state.py": {"found"}}
"""Catch-all names that a file may use: `found` is a field of stored outputs and of the
prompts that the API shows."""


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


def defined_names(node: ast.AST) -> list[str | None]:
    """The names that a node gives to a variable, parameter, function or class."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            return [name]
        case ast.Attribute(attr=name, ctx=ast.Store()):
            return [name]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.ExceptHandler(name=name) | ast.MatchAs(name=name):
            return [name]
        case ast.alias(asname=name):
            return [name]
    return []


def catch_alls(source: str) -> list[tuple[int, str]]:
    """(line, name) of each catch-all name that the source defines."""
    return [
        (node.lineno, name)
        for node in ast.walk(ast.parse(source))
        for name in defined_names(node)
        if name in CATCH_ALLS
    ]


def test_no_name_is_a_catch_all():
    uses = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in our_files()
        if path.suffix == ".py"
        for line, name in catch_alls(path.read_text())
        if name not in FIELDS.get(str(path.relative_to(ROOT)), ())
    ]

    assert uses == []


@pytest.mark.parametrize(
    "source",
    [
        "found = 1",
        "found: int = 1",
        "for found in []: pass",
        "[found for found in []]",
        "if found := 1: pass",
        "with open('a') as found: pass",
        "self.found = 1",
        "def search(found): pass",
        "def search(*, found=1): pass",
        "lambda found: 1",
        "def found(): pass",
        "async def found(): pass",
        "try: pass\nexcept OSError as found: pass",
        "import os as found",
    ],
)
def test_a_catch_all_is_noticed(source):
    assert [name for _, name in catch_alls(source)] == ["found"]


def test_uses_of_a_name_and_other_names_are_no_catch_alls():
    assert catch_alls("print(found, row.found, founder='a'); unfound = 1") == []
