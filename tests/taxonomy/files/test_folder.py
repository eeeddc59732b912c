"""A skill is written to disk and read back unchanged; the disk is not trusted."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.files.gate import (
    File,
    FilesRefused,
    FolderMissing,
    FolderOccupied,
    Limits,
    as_files,
    check_files,
)
from taxonomy.files.read import read_folder
from taxonomy.files.write import write_folder

SKILL = as_files(
    [
        File("SKILL.md", b"---\nname: a\n---\n"),
        File("scripts/run.sh", b"#!/bin/sh\n", executable=True),
        File("references/deep/é.md", b"\x00\xff"),
    ]
)
NAMES = st.from_regex(r"[a-c.é]{1,3}(/[a-c]{1,2}){0,2}", fullmatch=True)


def refused(path: Path, limits: Limits | None = None) -> list[tuple[str, str]]:
    with pytest.raises(FilesRefused) as caught:
        read_folder(path, limits or Limits())
    return [(finding.rule, finding.file) for finding in caught.value.findings]


def test_what_is_written_reads_back_with_its_modes(tmp_path):
    target = write_folder(SKILL, tmp_path / "new" / "a")
    assert read_folder(target) == SKILL
    assert (target / "scripts/run.sh").stat().st_mode & 0o777 == 0o755
    assert (target / "SKILL.md").stat().st_mode & 0o777 == 0o644
    assert os.listdir(target.parent) == ["a"]


@given(names=st.sets(NAMES, max_size=4), content=st.binary(max_size=9))
def test_whatever_the_gate_passes_reads_back_equal(tmp_path_factory, names, content):
    files = as_files([SKILL[0], *(File(name, content, True) for name in names)])
    if not check_files(files):
        target = write_folder(files, tmp_path_factory.mktemp("skill") / "x")
        assert read_folder(target) == files


def test_an_empty_folder_is_filled_and_the_same_files_are_left_alone(tmp_path):
    (tmp_path / "a").mkdir()
    write_folder(SKILL, tmp_path / "a")
    before = (tmp_path / "a/SKILL.md").stat().st_ino
    write_folder(SKILL, tmp_path / "a")
    assert (tmp_path / "a/SKILL.md").stat().st_ino == before


def test_a_folder_with_other_files_is_replaced_only_when_told(tmp_path):
    target = tmp_path / "a"
    target.mkdir()
    (target / "notes.txt").write_text("mine")
    with pytest.raises(FolderOccupied, match=str(target)):
        write_folder(SKILL, target)
    assert (target / "notes.txt").read_text() == "mine"
    write_folder(SKILL, target, replace=True)
    assert read_folder(target) == SKILL
    assert os.listdir(tmp_path) == ["a"]


def test_a_file_or_a_link_in_the_way_is_never_replaced(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").write_text("mine")
    for name in ("link", "file"):
        with pytest.raises(FolderOccupied):
            write_folder(SKILL, tmp_path / name, replace=True)
    assert os.listdir(tmp_path / "elsewhere") == []
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "file", "link"]


def test_files_that_the_gate_refuses_are_not_written(tmp_path):
    with pytest.raises(FilesRefused, match=r"a part named '\.' or '\.\.'"):
        write_folder((*SKILL, File("../x", b"")), tmp_path / "a")
    assert os.listdir(tmp_path) == []


def test_links_and_pipes_are_refused_and_not_followed(tmp_path):
    write_folder(SKILL, tmp_path / "a")
    (tmp_path / "a/passwd").symlink_to("/etc/passwd")
    (tmp_path / "a/root").symlink_to("/")
    os.mkfifo(tmp_path / "a/pipe")
    assert refused(tmp_path / "a") == [
        ("files.kind", "passwd"),
        ("files.kind", "pipe"),
        ("files.kind", "root"),
    ]


def test_limits_are_judged_before_anything_is_read(tmp_path):
    target = write_folder(SKILL, tmp_path / "a")
    with open(target / "big", "wb") as sparse:
        sparse.truncate(10**12)
    assert ("files.size", "big") in refused(target)
    assert ("files.count", "") in refused(target, Limits(files=3))


def test_names_that_the_gate_refuses_are_reported(tmp_path):
    target = write_folder(SKILL, tmp_path / "a")
    (target / "a:b").touch()
    os.close(os.open(os.fsencode(target) + b"/\xff", os.O_CREAT | os.O_WRONLY))
    assert refused(target) == [("files.path", "a:b"), ("files.path", "\ufffd")]


def test_a_git_folder_at_the_root_is_left_out_and_never_replaced(tmp_path):
    target = write_folder(SKILL, tmp_path / "a")
    (target / ".git").mkdir()
    (target / ".git/config").touch()
    assert read_folder(target) == SKILL
    with pytest.raises(FolderOccupied):
        write_folder(SKILL[:1], target, replace=True)
    assert (target / ".git/config").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FolderMissing, match="nowhere"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(FilesRefused, match=r"no SKILL\.md"):
        read_folder(tmp_path)
