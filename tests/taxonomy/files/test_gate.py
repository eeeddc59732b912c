"""The gate accepts what every disk and client can hold, and nothing else."""

import io
import json
import tarfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.files.gate import (
    File,
    Files,
    FilesRefused,
    Limits,
    as_files,
    check_files,
    require_files,
)

SKILL = File("SKILL.md", b"---\nname: a\ndescription: b\n---\n")
PATHS = st.text(st.sampled_from("abAB./\\:é\u0301e\x00\n -ﬁſß"), max_size=8) | st.text()


def skill(*paths: str) -> Files:
    return as_files([SKILL, *(File(path, b"x") for path in paths)])


def rules(files: Files, limits: Limits | None = None) -> list[str]:
    return [finding.rule for finding in check_files(files, limits or Limits())]


def test_an_ordinary_skill_passes():
    files = skill(
        "references/api.md", "scripts/run.sh", "assets/Été 1.png", "..a", "a."
    )
    assert rules(files) == []
    assert require_files(files) == files


@pytest.mark.parametrize(
    "path",
    [
        "", "/etc/passwd", "a//b", "a/", "./a", "../a", "a/../b", "a/.", "..", "a\\b",
        "C:x", "a\0b", "a\nb", "a\x7fb", "a\x85b", "a\ud800b", ".git/hooks/pre-commit",
        "sub/.GIT/config",
    ],
)  # fmt: skip
def test_a_path_that_could_leave_the_folder_or_confuse_a_disk_is_refused(path):
    assert set(rules(skill(path))) == {"files.path"}


@pytest.mark.parametrize(
    "paths",
    [
        ["a.md", "A.md"],
        ["docs/a", "Docs/b"],
        ["x/\u00e9", "x/e\u0301"],
        ["straße", "STRASSE"],
        ["a", "a/b"],
        ["A", "a/b"],
        ["a", "a"],
        ["skill.md"],
        ["Skill.MD/x"],
    ],
)
def test_paths_that_are_one_on_some_disk_are_refused(paths):
    assert set(rules(skill(*paths))) == {"files.collision"}


def test_skill_md_must_be_at_the_root_and_spelt_so():
    assert rules(()) == ["files.skill-md"]
    assert rules((File("skill.md", b""),)) == ["files.skill-md"]
    assert rules((File("pdf/SKILL.md", b""),)) == ["files.skill-md"]


def test_amounts_are_bounded_and_say_by_how_much():
    limits = Limits(files=2, total_bytes=40, file_bytes=35)
    files = as_files([SKILL, File("a", b"x" * 36), File("b", b"")])
    assert rules(files, limits) == ["files.count", "files.total-size", "files.size"]
    assert rules(skill("a"), limits) == []
    assert check_files(files, limits)[2].message == "36 bytes, at most 35"


def test_refusal_lists_every_problem_at_once():
    with pytest.raises(FilesRefused) as caught:
        require_files((File("/a", b""), File("b:c", b"")))
    assert [f.rule for f in caught.value.findings] == [
        "files.path",
        "files.path",
        "files.skill-md",
    ]
    assert "b:c: The path holds a colon" in str(caught.value)


@given(path=st.from_regex(r"[a-é]{1,90}(/[a-é]{1,90}){0,4}", fullmatch=True))
def test_a_long_path_passes_exactly_when_a_ustar_archive_takes_it(path):
    header = tarfile.TarInfo(path)
    try:
        header.tobuf(tarfile.USTAR_FORMAT)
        fits = True
    except ValueError:
        fits = False
    assert ("files.path-length" not in rules(skill(path))) is fits


@given(paths=st.lists(PATHS, max_size=4))
def test_whatever_passes_unpacks_inside_its_folder_and_apart(paths):
    files = skill()
    for path in paths:
        more = as_files([*files, File(path, b"")])
        files = files if check_files(more) else more
    root = Path("/skill")
    places = [root.joinpath(file.path) for file in files]
    assert all(place.is_relative_to(root) and place != root for place in places)
    assert all(".." not in place.parts for place in places)
    folded = {unicodedata.normalize("NFC", str(p)).casefold() for p in places}
    assert len(folded) == len(files)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for file in files:
            tar.addfile(tarfile.TarInfo(file.path))
    archive.seek(0)
    with tarfile.open(fileobj=archive) as tar:
        assert tar.getnames() == [file.path for file in files]


@given(paths=st.lists(PATHS, max_size=4))
def test_the_gate_judges_any_text_without_failing(paths):
    for finding in check_files(as_files(File(path, b"") for path in paths)):
        assert finding.message
        assert finding.remedy
        assert "\0" not in json.loads(json.dumps(finding.as_json()))["file"]
        str(finding).encode()
