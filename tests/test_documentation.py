"""The documentation names only what exists, and everything that it must name."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")],
    key=lambda page: str(page.relative_to(ROOT)),
)
LINK = re.compile(r"\]\(\s*([^)\s#]+)(?:#[^)\s]*)?\s*\)")
MAKE_TARGET = re.compile(r"make ([a-z][a-z-]*)")


def test_every_dependency_is_justified():
    page = (ROOT / "docs/why/dependencies.md").read_text()
    named = [
        name for name in dependencies() if not re.search(rf"[| ,]{name}[| ,[]", page)
    ]

    assert named == []


def dependencies() -> list[str]:
    files = ROOT.glob("requirements*.in")
    lines = "\n".join(file.read_text() for file in files).splitlines()
    return [re.split(r"[^a-z0-9-]", line)[0] for line in lines if line[:1].isalpha()]


def test_the_index_leads_to_every_page():
    index = (ROOT / "docs/README.md").read_text()
    pages = [str(page.relative_to(ROOT / "docs")) for page in PAGES if is_in_docs(page)]
    unlisted = [page for page in pages if f"]({page})" not in index]

    assert unlisted == []


def is_in_docs(page: Path) -> bool:
    return "docs" in page.relative_to(ROOT).parts and page.name != "README.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(page):
    links = (link for link in LINK.findall(page.read_text()) if "://" not in link)
    dead = [link for link in links if not (page.parent / link).exists()]

    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_a_page_shows_exists(page):
    mentioned = set(MAKE_TARGET.findall("\n".join(code_in(page.read_text()))))
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert mentioned - set(targets) == set()


def code_in(text: str) -> list[str]:
    return re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)
