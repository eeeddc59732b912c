"""The skills in a folder are found, and what was skipped is reported."""

import os
from errno import EACCES

import pytest

from taxonomy.files.gate import SourceRefused
from taxonomy.files.read import read_folder
from taxonomy.files.sources import FolderSource, find_skills, open_source
from taxonomy.files.write import write_folder
from tests.taxonomy.files.deeds import OLD
from tests.taxonomy.files.faults import before_opening


def deny():
    raise PermissionError(EACCES, os.strerror(EACCES), "it")


@pytest.fixture
def skills_folder(tmp_path):
    for name in ("a", "deep/b"):
        write_folder(OLD, tmp_path / "skills_folder" / name)
    return tmp_path / "skills_folder"


def test_a_link_to_a_skill_is_told_unless_the_skill_is_found(skills_folder, tmp_path):
    write_folder(OLD, tmp_path / "elsewhere")
    (skills_folder / "deep/linked").symlink_to(tmp_path / "elsewhere")
    (skills_folder / "again").symlink_to("deep/b")
    (skills_folder / "around").symlink_to(skills_folder)
    (skills_folder / "broken").symlink_to("nowhere")
    with open_source(skills_folder) as source:
        assert source.folders == ("a", "deep/b")
        [(path, reason)] = source.skipped
    assert path == "deep/linked"
    assert "link to a skill" in reason


def test_a_folder_of_links_alone_says_which(skills_folder, tmp_path):
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "a").symlink_to(skills_folder / "a")
    message = r"no SKILL\.md in it\. a: This is a link"
    with pytest.raises(SourceRefused, match=message), open_source(tmp_path / "links"):
        pass


def test_a_folder_that_may_not_be_read_is_told_and_the_rest_is_found(
    skills_folder, monkeypatch
):
    before_opening(monkeypatch, "deep", deny)
    with open_source(skills_folder) as source:
        assert source.folders == ("a",)
        assert source.skipped == (
            ("deep", "The folder cannot be read: Permission denied."),
        )
        assert source.read("a") == OLD


def test_a_source_that_may_not_be_read_is_refused(skills_folder, monkeypatch):
    before_opening(monkeypatch, skills_folder, deny)
    denied = pytest.raises(SourceRefused, match="Permission denied")
    with denied, open_source(skills_folder):
        pass


def test_folders_that_are_nested_too_deeply_are_told(skills_folder):
    deep = skills_folder.joinpath(*"d" * 65)
    write_folder(OLD, deep)
    discovery = find_skills(skills_folder, 1_000)
    assert discovery.folders == ["a", "deep/b"]
    assert [path for path, _ in discovery.skipped] == ["/".join("d" * 65)]


def test_what_systems_put_into_folders_belongs_to_no_skill(skills_folder):
    (skills_folder / "a/notes/.DS_Store").touch()
    (skills_folder / "a/._SKILL.md").touch()
    (skills_folder / "a/Thumbs.db").symlink_to("/etc/passwd")
    write_folder(OLD, skills_folder / "__MACOSX" / "a")
    write_folder(OLD, skills_folder / ".skillfleet-aside-c" / "new")
    assert read_folder(skills_folder / "a") == OLD
    assert write_folder(OLD, skills_folder / "a") == skills_folder / "a"
    with open_source(skills_folder) as source:
        assert isinstance(source, FolderSource)
        assert source.folders == ("a", "deep/b")
        assert source.skipped == ()
