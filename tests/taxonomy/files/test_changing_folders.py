"""A folder that is changed while it is read: what is returned was in it, or it is
refused.

Nothing from outside the folder is ever read, whenever a link is put into it.
"""

import io
import os
import tarfile

import pytest

from taxonomy.files.gate import (
    DEFAULT_SOURCE_LIMITS,
    FilesRefused,
    FolderMissing,
    SourceRefused,
)
from taxonomy.files.read import read_folder
from taxonomy.files.sources import FolderSource, open_source
from taxonomy.files.write import write_folder
from tests.taxonomy.files.deeds import OLD, skill
from tests.taxonomy.files.faults import before_opening


@pytest.fixture
def folder(tmp_path):
    outside = tmp_path / "outside"
    write_folder(skill(b"SECRET"), outside)
    return write_folder(OLD, tmp_path / "source" / "a")


def swap_for_link(path, target):
    path.rename(path.parent.parent / "away")
    path.symlink_to(target)


def refusal(read, *arguments):
    with pytest.raises(FilesRefused) as caught:
        read(*arguments)
    return [(finding.rule, finding.file) for finding in caught.value.findings]


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_folder_within_that_becomes_a_link_is_refused(
    folder, tmp_path, monkeypatch, nth
):
    """Before it is listed, before its file is opened, or before it is listed again."""

    def swap():
        (folder / "notes").rename(tmp_path / "away")
        (folder / "notes").symlink_to(tmp_path / "outside" / "notes")

    before_opening(monkeypatch, "notes", swap, nth)
    [(rule, path)] = refusal(read_folder, folder)
    assert rule == "files.changed"
    assert path.startswith("notes")


def test_a_file_that_becomes_a_link_or_a_pipe_is_refused(folder, tmp_path, monkeypatch):
    def swap(other):
        (folder / "notes/a.md").unlink()
        other(folder / "notes/a.md")

    for other in (lambda path: path.symlink_to("/etc/passwd"), os.mkfifo):
        with monkeypatch.context() as patch:
            before_opening(patch, "a.md", lambda other=other: swap(other))
            assert refusal(read_folder, folder) == [("files.changed", "notes/a.md")]
        (folder / "notes/a.md").unlink()
        (folder / "notes/a.md").write_bytes(b"old")


def test_a_skill_that_becomes_a_link_after_it_was_found_is_refused(folder, tmp_path):
    source = FolderSource(folder.parent, DEFAULT_SOURCE_LIMITS)
    swap_for_link(folder, tmp_path / "outside")
    assert refusal(source.read, "a") == [("files.kind", "a")]
    assert source.name_of("a") == "a"
    assert refusal(read_folder, folder) == [("files.kind", "a")]
    folder.unlink()
    assert refusal(source.read, "a") == [("files.changed", "a")]
    with pytest.raises(FolderMissing):
        read_folder(folder)


def test_a_person_may_name_a_link(folder, tmp_path):
    (tmp_path / "pdf").symlink_to(folder)
    with open_source(tmp_path / "pdf") as source:
        assert source.folders == ("",)
        assert source.name_of("") == "pdf"
        assert source.read("") == OLD


def test_another_file_in_its_place_for_a_moment_is_refused(
    folder, tmp_path, monkeypatch
):
    file = folder / "notes/a.md"

    def swap():
        file.rename(tmp_path / "away")
        file.write_bytes(b"another")

    before_opening(monkeypatch, "a.md", swap)
    # Before the folder is listed again.
    before_opening(monkeypatch, "notes", lambda: (tmp_path / "away").rename(file), 3)
    assert refusal(read_folder, folder) == [("files.changed", "notes/a.md")]


@pytest.mark.parametrize("nth", [1, 2])
def test_a_file_that_is_cut_is_refused(folder, monkeypatch, nth):
    """Before it is read, or after that, while the next one is read."""

    def cut():
        os.truncate(folder / "SKILL.md", 3)

    before_opening(monkeypatch, "SKILL.md" if nth == 1 else "a.md", cut)
    assert refusal(read_folder, folder) == [("files.changed", "SKILL.md")]


def test_a_file_that_comes_or_goes_meanwhile_is_refused(folder, monkeypatch):
    for deed in ((folder / "more.md").touch, (folder / "more.md").unlink):
        with monkeypatch.context() as patch:
            before_opening(patch, "a.md", deed)
            [(rule, _)] = refusal(read_folder, folder)
            assert rule == "files.changed"
    assert read_folder(folder) == OLD


def test_a_file_that_may_not_be_read_refuses_its_skill(folder, monkeypatch):
    def deny():
        raise PermissionError(13, "Permission denied", "a.md")

    before_opening(monkeypatch, "a.md", deny)
    with pytest.raises(FilesRefused, match=r"notes/a\.md: .*Permission denied"):
        read_folder(folder)


def test_a_tar_that_is_cut_after_it_was_listed_is_refused(tmp_path):
    path = tmp_path / "it.tar"
    with tarfile.open(path, "w") as archive:
        for name, content in (("a/SKILL.md", b"x"), ("a/big.md", b"y" * 50_000)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    with open_source(path) as source:
        os.truncate(path, 20_000)
        with pytest.raises(SourceRefused, match=r"a/big\.md was cut off"):
            source.read("a")


def descriptors():
    return len(os.listdir("/dev/fd"))


def test_few_descriptors_are_open_however_deep_a_skill_is(folder, monkeypatch):
    deep = folder.joinpath(*"d" * 60)
    deep.mkdir(parents=True)
    (deep / "a.md").write_bytes(b"deep")
    before, most, real = descriptors(), [0], os.open

    def opening(*arguments, **options):
        opened = real(*arguments, **options)
        if arguments[0] != "/dev/fd":
            most.append(descriptors())
        return opened

    monkeypatch.setattr(os, "open", opening)
    with open_source(folder.parent) as source:
        assert len(source.read("a")) == 3
    assert len(most) > 60
    assert max(most) < before + 8
    monkeypatch.undo()
    assert descriptors() == before


def test_every_descriptor_is_closed_when_opening_fails(folder, monkeypatch):
    before = descriptors()

    def deny():
        raise PermissionError(13, "Permission denied", "it")

    for name in (folder, "notes", "SKILL.md", "a.md"):
        for nth in (1, 2):
            with monkeypatch.context() as patch:
                before_opening(patch, name, deny, nth)
                try:
                    read_folder(folder)
                except FilesRefused as error:
                    assert "Permission denied" in str(error)
            assert descriptors() == before
