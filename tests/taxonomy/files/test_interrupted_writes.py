"""Whatever ends a folder write, at any line, no file of before is lost."""

import os
import subprocess
import sys
from itertools import count

import pytest

from taxonomy.files import write
from taxonomy.files.gate import FolderLeft, FolderMissing, FolderOccupied
from taxonomy.files.read import read_folder
from taxonomy.files.sources import open_source
from taxonomy.files.write import remove_folder, write_folder
from tests.taxonomy.files.deeds import DEEDS, NEW, OLD, skill
from tests.taxonomy.files.faults import Between, at

pytestmark = [
    # An interrupt may leave a file open until it is garbage-collected.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(params=["one", "three"])
def steps(request, monkeypatch):
    """Whether folders are swapped by one atomic system call, or in three steps."""
    if request.param == "three":
        monkeypatch.setattr(write, "renameat2", None)
    elif write.renameat2 is None:
        pytest.skip("This system cannot.")
    return request.param


def read_or_none(target):
    try:
        return read_folder(target)
    except FolderMissing:
        return None


def interrupt():
    raise KeyboardInterrupt


def interrupted(tmp_path, deed, edit=b""):
    """Yield (folder, type of the error) for a Ctrl-C at each line of the operation."""
    for number in count(1):
        target = tmp_path / str(number) / "a"
        write_folder(OLD, target)
        if edit:
            (target / "notes/a.md").write_bytes(edit)
        error = None
        between = at(number, interrupt)
        try:
            with between:
                DEEDS[deed](target)
        except (KeyboardInterrupt, FolderOccupied, FolderLeft) as raised:
            error = type(raised)  # the exception itself would keep its frames alive
        yield target, error
        if next(between.numbers) <= number:
            return


@pytest.mark.parametrize("deed", DEEDS)
def test_ctrl_c_leaves_the_old_folder_or_the_new_one(tmp_path, steps, deed):
    after = None if deed == "remove" else NEW
    for target, error in interrupted(tmp_path, deed):
        assert read_or_none(target) in ([OLD, after] if error else [after])
        assert error is not FolderLeft
        write_folder(NEW, target, replace=True)
        write_folder(OLD, target, replace=True)
        assert os.listdir(target.parent) == ["a"]


@pytest.mark.parametrize("deed", ["replace", "remove"])
def test_ctrl_c_loses_nothing_that_was_saved_meanwhile(tmp_path, steps, deed):
    for target, error in interrupted(tmp_path, deed, edit=b"Mine."):
        if error is FolderOccupied:
            assert (target / "notes/a.md").read_bytes() == b"Mine."
        with pytest.raises((FolderOccupied, FolderLeft)) as caught:
            write_folder(skill(b"newer"), target)
        place = target
        if caught.type is FolderLeft:
            place = target.parent / ".skillfleet-aside-a" / "new"
            assert str(place.parent) in str(caught.value)
        assert (place / "notes/a.md").read_bytes() == b"Mine."


@pytest.mark.parametrize("deed", DEEDS)
def test_a_killed_write_leaves_one_of_both_for_the_next(tmp_path, steps, deed):
    command = [sys.executable, "-m", "tests.taxonomy.files.killed", tmp_path]
    subprocess.run([*command, steps, deed], check=True)
    folders = sorted(tmp_path.iterdir())
    assert len(folders) > 20
    for folder in folders:
        target = folder / "a"
        if steps == "one" and deed != "remove":
            assert read_or_none(target) in (OLD, NEW)
        if target.exists():
            with open_source(folder) as source:
                assert source.folders == ("a",)
        if deed == "replace anything" and refuses_unknown(target):
            continue
        write_folder(NEW, target, replace=True)
        write_folder(OLD, target, replace=True)
        assert os.listdir(folder) == ["a"]


def refuses_unknown(target):
    """Whether a write refuses because the staging folder has files it does not know."""
    try:
        write_folder(OLD, target, replace=True)
    except FolderLeft as error:
        assert ".skillfleet-aside-a" in str(error)
        return True
    return False


def test_at_no_time_is_there_no_folder(tmp_path):
    if write.renameat2 is None:
        pytest.skip("This system cannot.")
    target = write_folder(OLD, tmp_path / "a")
    seen = []
    with Between(lambda _: seen.append(read_or_none(target))):
        DEEDS["replace"](target)
    assert seen[0] == OLD and seen[-1] == NEW
    assert [one for one in seen if one not in (OLD, NEW)] == []
    assert seen == sorted(seen, key=[OLD, NEW].index)


@pytest.mark.parametrize("deed", ["replace", "remove"])
def test_what_cannot_be_restored_is_kept_and_named(tmp_path, steps, deed):
    """An editor saves to the old folder, and creates it again while it is set aside."""
    target = write_folder(OLD, tmp_path / "a")
    (target / "notes/a.md").write_bytes(b"Mine.")

    def edit(_):
        if read_or_none(target) is None:
            target.mkdir()
            (target / "more.md").write_bytes(b"Mine, too.")

    if (deed, steps) == ("replace", "one"):
        pytest.skip("It is never away.")
    with pytest.raises(FolderLeft) as caught, Between(edit):
        DEEDS[deed](target)
    assert (target / "more.md").read_bytes() == b"Mine, too."
    aside = tmp_path / ".skillfleet-aside-a"
    assert str(aside) in str(caught.value)
    assert b"Mine." in [each.read_bytes() for each in aside.rglob("a.md")]
    with pytest.raises(FolderLeft):
        write_folder(NEW, target, replace=True)


def test_what_is_saved_to_the_new_folder_before_it_goes_is_kept(tmp_path):
    """The old folder is restored because an editor changed it during the write."""
    if write.renameat2 is None:
        pytest.skip("This system cannot.")
    target = write_folder(OLD, tmp_path / "a")
    (target / "notes/a.md").write_bytes(b"Mine.")

    def edit(_):
        if (target / "notes/a.md").read_bytes() == b"new":
            (target / "notes/a.md").write_bytes(b"Mine, too.")

    with pytest.raises(FolderLeft), Between(edit):
        DEEDS["replace"](target)
    assert (target / "notes/a.md").read_bytes() == b"Mine."
    rescued = tmp_path / ".skillfleet-aside-a/new/notes/a.md"
    assert rescued.read_bytes() == b"Mine, too."


def test_a_folder_that_is_filled_meanwhile_is_not_replaced(tmp_path):
    target = tmp_path / "a"

    def fill(_):
        if (tmp_path / ".skillfleet-aside-a/new").exists() and not target.exists():
            target.mkdir()
            (target / "mine.md").touch()

    with pytest.raises(FolderOccupied), Between(fill):
        write_folder(NEW, target)
    assert os.listdir(tmp_path) == ["a"]
    assert os.listdir(target) == ["mine.md"]


def test_a_system_that_refuses_the_one_step_gets_three(tmp_path, monkeypatch):
    for code in write.UNKNOWN:
        target = write_folder(OLD, tmp_path / str(code))
        monkeypatch.setattr(write, "renameat2", lambda *_: -1)
        monkeypatch.setattr(write.ctypes, "get_errno", lambda code=code: code)
        DEEDS["replace"](target)
        assert read_folder(target) == NEW
        monkeypatch.undo()


def test_a_link_in_the_place_of_the_folder_beside_is_not_written_to(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "skills").mkdir()
    (tmp_path / "skills/.skillfleet-aside-a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FolderLeft):
        write_folder(NEW, tmp_path / "skills/a")
    assert os.listdir(tmp_path / "elsewhere") == []


def test_what_is_not_there_cannot_be_removed(tmp_path):
    with pytest.raises(FolderOccupied):
        remove_folder(tmp_path / "a", OLD)
    with pytest.raises(FileNotFoundError):
        remove_folder(tmp_path / "nowhere" / "a", OLD)
