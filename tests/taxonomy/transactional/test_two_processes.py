"""A HIT in this process shows the new value after another process has edited."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.empty_cache import empty_cache  # noqa: F401
from tests.processes import child_environment

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_cache"),
    pytest.mark.xdist_group("processes"),
]
SKILL = "/api/v1/skills/pdf-tools"
SKILLS = "/api/v1/skills"


@pytest.fixture(scope="module")
def editor(django_db_setup) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.taxonomy.editor"],
        env=child_environment(PYTHONHASHSEED="4242"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.communicate(timeout=20)


def tell(process: subprocess.Popen[str], action: str) -> None:
    assert process.stdin and process.stdout
    process.stdin.write(f"{action}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("save", "Changed by another process."),
        ("publish", "Published by another process."),
        ("bulk_update", "Changed in bulk by another process."),
        ("move_category", "research/practices"),
    ],
)
@pytest.mark.parametrize("url", [SKILL, SKILLS])
def test_an_edit_elsewhere_is_what_the_next_read_shows(
    viewer, pdf_tools, editor, url, action, expected
):
    assert viewer.get(url)["X-Cache"] == "MISS"
    assert viewer.get(url)["X-Cache"] == "HIT"
    tell(editor, action)
    after = viewer.get(url)
    assert after["X-Cache"] == "MISS"
    assert expected in after.content.decode()


def test_what_is_deleted_elsewhere_is_gone_at_the_next_read(viewer, pdf_tools, editor):
    for url in (SKILL, SKILLS):
        viewer.get(url)
        assert viewer.get(url)["X-Cache"] == "HIT"
    tell(editor, "delete")
    assert viewer.get(SKILL).status_code == 404
    assert viewer.get(SKILLS).json()["count"] == 0
