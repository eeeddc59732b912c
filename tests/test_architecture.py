"""The house: what may import what, and how large things may grow."""

import ast
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("cachelayer", "taxonomy", "jobs", "skillfleet")  # each imports to its left
HTTP_CLIENTS = {
    "aiohttp",
    "ftplib",
    "http.client",
    "httpx",
    "requests",
    "urllib.request",
    "urllib3",
}
MODEL_PROVIDERS = ("anthropic", "google.genai", "litellm", "openai", "pydantic_ai")
NEVER = {
    "cachelayer": {"taxonomy", "jobs", "skillfleet", "django_q"},
    "taxonomy": {"jobs", "skillfleet", "django_q"} | HTTP_CLIENTS,
    "taxonomy/skillmd": {"django", "rest_framework"},
    "taxonomy/packaging": {"django", "rest_framework"},
    "jobs": {"skillfleet"},
    "jobs/pipeline": {"jobs.models", "django.db", "django_q"},
    "jobs/authors": {"jobs.models", "django.db", "django_q"},
}
ONLY_DOORS = {
    "django_q": {
        "jobs/queue.py",
        "jobs/broker.py",
        "jobs/cluster.py",
        "jobs/management/commands/qcluster.py",
        "skillfleet/admin/queue.py",
    },
    **{provider: {"jobs/authors/llm.py"} for provider in MODEL_PROVIDERS},
}

FILE_LINES = 400
FILE_LINES_MEDIAN = 100
CACHELAYER_FILE_LINES = 150
FUNCTION_LINES = 50
FUNCTION_LINES_MEDIAN = 8
README_LINES = 120


@cache
def python_files(*folders: str) -> tuple[Path, ...]:
    """What we wrote: migrations are generated and have no size to hold."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(sorted(path for path in found if path.parent.name != "migrations"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


@cache
def imports(path: Path) -> frozenset[str]:
    """Every dotted name that a file imports, relative ones spelled out."""
    return frozenset(imported_names(path))


def imported_names(path: Path) -> Iterator[str]:
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join((*above, *filter(None, [node.module])))
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def breaches(path: Path, forbidden: set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for name in sorted(imports(path))
        for banned in forbidden
        if name == banned or name.startswith(f"{banned}.")
    ]


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def too_long(files: tuple[Path, ...], limit: int) -> list[str]:
    sizes = ((path.relative_to(ROOT), lines(path)) for path in files)
    return [f"{path}: {size} lines" for path, size in sizes if size > limit]


def function_sizes(*folders: str) -> dict[str, int]:
    return {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": (
            (node.end_lineno or node.lineno) - node.lineno + 1
        )
        for path in python_files(*folders)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("room", NEVER)
def test_a_room_never_imports_what_its_row_forbids(room):
    found = [
        each for path in python_files(room) for each in breaches(path, NEVER[room])
    ]

    assert found == []


@pytest.mark.parametrize("package", ONLY_DOORS)
def test_an_engine_is_reached_only_through_its_doors(package):
    found = [
        breach
        for path in python_files(*ROOMS)
        if str(path.relative_to(ROOT)) not in ONLY_DOORS[package]
        for breach in breaches(path, {package})
    ]

    assert found == []


def test_the_cache_room_never_says_skill():
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in (ROOT / "cachelayer").rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if "skill" in line.lower()
    ]

    assert found == []


def test_no_file_is_longer_than_400_lines():
    assert (
        too_long(python_files(*ROOMS, "demo", "benchmarks", "tests"), FILE_LINES) == []
    )


def test_no_file_of_the_cache_room_is_longer_than_150_lines():
    assert too_long(python_files("cachelayer"), CACHELAYER_FILE_LINES) == []


def test_half_of_the_files_have_at_most_100_lines():
    written = [path for path in python_files(*ROOMS) if lines(path)]

    assert statistics.median(map(lines, written)) <= FILE_LINES_MEDIAN


def test_no_function_is_longer_than_50_lines():
    sizes = function_sizes(*ROOMS, "demo", "benchmarks", "tests")

    assert {name: s for name, s in sizes.items() if s > FUNCTION_LINES} == {}


def test_half_of_the_functions_have_at_most_8_lines():
    sizes = function_sizes(*ROOMS)

    assert not sizes or statistics.median(sizes.values()) <= FUNCTION_LINES_MEDIAN


def test_the_readme_has_at_most_120_lines():
    assert lines(ROOT / "README.md") <= README_LINES


def test_a_relative_import_is_spelled_out(tmp_path, monkeypatch):
    """The check above would miss `from ..models import Job` otherwise."""
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    module = tmp_path / "jobs" / "pipeline" / "phase.py"
    module.parent.mkdir(parents=True)
    module.write_text("from ..models import Job\nfrom . import state\n")

    assert imports(module) == {"jobs.models.Job", "jobs.pipeline.state"}
