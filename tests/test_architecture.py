"""Which package may import which, and how large files and functions may be."""

import ast
import statistics
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("core", "cachelayer", "taxonomy", "jobs", "skillfleet")
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
FORBIDDEN = {
    "core": {"cachelayer", "taxonomy", "jobs", "skillfleet", "django_q"},
    "cachelayer": {"core", "taxonomy", "jobs", "skillfleet", "django_q"},
    "taxonomy": {"jobs", "skillfleet", "django_q"} | HTTP_CLIENTS,
    "taxonomy/skillmd": {"django", "rest_framework"},
    "taxonomy/scan": {"django", "rest_framework"},
    "taxonomy/files": {"django", "rest_framework"},
    "taxonomy/package.py": {"django", "rest_framework"},
    "jobs": {"skillfleet"},
    "jobs/pipeline": {"jobs.models", "django.db", "django_q"},
    "jobs/authors": {"jobs.models", "django.db", "django_q"},
}
ONLY_IN = {
    "django_q": {
        "jobs/engine/queue.py",
        "jobs/engine/cluster.py",
        "jobs/management/commands/qcluster.py",
        "skillfleet/admin/queue.py",
    },
    **{provider: {"jobs/authors/llm.py"} for provider in MODEL_PROVIDERS},
}

FILES = 230
FILE_LINES = 600
TRIVIAL_LINES = 7  # files with no more than a docstring and re-exports
FUNCTION_LINES = 50
FUNCTION_LINES_MEDIAN = 8
README_LINES = 120


@cache
def python_files(*places: str) -> tuple[Path, ...]:
    """Our Python files in these folders or files. Migrations are generated code."""
    paths = (path for place in places for path in under(ROOT / place))
    return tuple(sorted(path for path in paths if path.parent.name != "migrations"))


def under(place: Path) -> Iterator[Path]:
    return iter([place]) if place.suffix == ".py" else place.rglob("*.py")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


@cache
def imports(path: Path) -> frozenset[str]:
    """Every dotted name that a file imports; relative ones are made absolute."""
    package = path.relative_to(ROOT).parent.parts
    return frozenset(imported_names(ast.walk(tree(path)), package))


def imported_names(nodes: Iterable[ast.AST], package: tuple[str, ...]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join((*above, *filter(None, [node.module])))
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def runtime_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below, except those under `if TYPE_CHECKING:`, which never run."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from runtime_nodes(child)


def import_graph(package: str) -> dict[str, set[str]]:
    """Each module of a package, with the others of them that it imports at runtime."""
    modules = {module_name(path): path for path in python_files(package)}
    return {
        module: {
            target
            for name in imported_names(
                runtime_nodes(tree(path)), path.relative_to(ROOT).parent.parts
            )
            for target in [name if name in modules else name.rpartition(".")[0]]
            if target in modules and target != module
        }
        for module, path in modules.items()
    }


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one import circle; empty if there is none."""
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


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


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_imports_nothing_that_its_row_forbids(package):
    violations = [
        each
        for path in python_files(package)
        for each in breaches(path, FORBIDDEN[package])
    ]

    assert violations == []


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_imported_by_its_files_only(library):
    violations = [
        breach
        for path in python_files(*PACKAGES)
        if str(path.relative_to(ROOT)) not in ONLY_IN[library]
        for breach in breaches(path, {library})
    ]

    assert violations == []


def test_the_cache_never_mentions_skills():
    violations = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in (ROOT / "cachelayer").rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if "skill" in line.lower()
    ]

    assert violations == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_has_an_import_circle(package):
    assert circle(import_graph(package)) == []


def test_the_packages_have_at_most_230_files():
    files = [path for path in python_files(*PACKAGES) if lines(path) > TRIVIAL_LINES]

    assert len(files) <= FILES


def test_no_file_is_longer_than_600_lines():
    assert (
        too_long(python_files(*PACKAGES, "demo", "benchmarks", "tests"), FILE_LINES)
        == []
    )


def test_no_function_is_longer_than_50_lines():
    sizes = function_sizes(*PACKAGES, "demo", "benchmarks", "tests")

    assert {name: s for name, s in sizes.items() if s > FUNCTION_LINES} == {}


def test_half_of_the_functions_have_at_most_8_lines():
    sizes = function_sizes(*PACKAGES)

    assert not sizes or statistics.median(sizes.values()) <= FUNCTION_LINES_MEDIAN


def test_the_readme_has_at_most_120_lines():
    assert lines(ROOT / "README.md") <= README_LINES


def test_a_relative_import_is_spelled_out(tmp_path, monkeypatch):
    """Otherwise the checks would miss `from ..models import Job`."""
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    module = tmp_path / "jobs" / "pipeline" / "phase.py"
    module.parent.mkdir(parents=True)
    module.write_text("from ..models import Job\nfrom . import state\n")

    assert imports(module) == {"jobs.models.Job", "jobs.pipeline.state"}


def test_an_import_circle_is_found_unless_it_is_for_type_checking(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    package = tmp_path / "package"
    package.mkdir()
    (package / "one.py").write_text("from package.two import Two\n")
    (package / "two.py").write_text("def late():\n    from package import one\n")
    (package / "three.py").write_text("from package import four\n")
    (package / "four.py").write_text(
        "if TYPE_CHECKING:\n    from package import three\n"
    )

    assert set(circle(import_graph("package"))) == {"package.one", "package.two"}
