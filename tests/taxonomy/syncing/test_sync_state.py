"""The state of a sync is trusted only by the fleet that wrote it."""

import json
import uuid

import pytest
from django.core.management import CommandError

from taxonomy.files.gate import bundle_digest
from taxonomy.files.read import read_folder
from taxonomy.files.write import write_folder
from taxonomy.models import Fleet, Skill
from taxonomy.sync import STATE_FILE, Sync, SyncOptions
from tests.taxonomy.skills import skill_files
from tests.taxonomy.syncing.test_syncing import edited, in_database, report_of, sync

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded")]


def in_folder(folder, name):
    return read_folder(folder / name)


@pytest.fixture
def folder(tmp_path):
    """Two skills in sync with the fleet."""
    for name in ("one", "two"):
        write_folder(skill_files(name), tmp_path / name)
    sync(tmp_path)
    return tmp_path


@pytest.fixture
def claimed(tmp_path):
    """A state with two skills that this database does not have."""

    def claim(fleet):
        skills = {
            name: {"digest": bundle_digest(skill_files(name)), "version": "1.0.0"}
            for name in ("one", "two")
        }
        for name in skills:
            write_folder(skill_files(name), tmp_path / name)
        state = {"format": 1, "fleet": fleet, "skills": skills}
        (tmp_path / STATE_FILE).write_text(json.dumps(state))
        return tmp_path

    return claim


def test_the_state_of_another_fleet_is_not_believed(claimed):
    folder = claimed(str(uuid.uuid4()))
    for options in (["--dry-run"], ["--prune"]):
        code, report = report_of(folder, *options)
        assert (code, report["counts"]) == (0, {"created": 2})
        assert "another fleet" in report["notes"][0]
    assert in_database("one") == in_folder(folder, "one") == skill_files("one")
    assert report_of(folder)[1]["notes"] == []


def test_what_this_fleet_never_had_is_brought_and_not_removed(claimed):
    """As after the database was restored from a backup."""
    folder = claimed(Fleet.objects.identity())
    assert sync(folder, "--prune") == (0, {"one": "created", "two": "created"})
    assert in_database("one") == in_folder(folder, "one") == skill_files("one")


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_skill_that_only_shares_the_name_is_a_conflict(claimed, is_ours):
    folder = claimed(Fleet.objects.identity() if is_ours else "")
    Skill.objects.publish(edited("one", "Another."))
    code, report = report_of(folder, "--prune")
    assert (code, report["counts"]) == (3, {"created": 1, "conflict": 1})
    assert in_folder(folder, "one") == skill_files("one")
    assert in_database("one") == edited("one", "Another.")


def test_what_the_fleet_has_lost_is_not_overwritten(folder):
    """As after a database was restored from an older backup."""
    write_folder(edited("one", "Newer."), folder / "one", replace=True)
    sync(folder)
    skill = Skill.objects.get(name="one")
    skill.roll_back("1.0.0")
    skill.versions.exclude(number="1.0.0").delete()
    code, report = report_of(folder)
    assert (code, report["counts"]) == (3, {"conflict": 1, "unchanged": 1})
    assert "never a version in this fleet" in report["skills"][0]["reasons"][0]
    assert in_folder(folder, "one") == edited("one", "Newer.")
    assert sync(folder, "--prefer", "there")[0] == 0
    assert in_database("one") == edited("one", "Newer.")


def test_one_that_was_renamed_here_is_not_called_archived(folder):
    Skill.objects.get(name="one").revise(name="uno")
    code, report = report_of(folder)
    assert (code, report["counts"]) == (0, {"unchanged": 1, "sent": 1, "kept": 1})
    [skill] = [each for each in report["skills"] if each["action"] == "kept"]
    assert "is named uno here" in skill["reasons"][0]
    assert sync(folder, "--prune")[1]["one"] == "removed"
    assert sync(folder) == (0, {"two": "unchanged", "uno": "unchanged"})


def test_nothing_is_archived_because_the_folder_is_empty(folder):
    for name in ("one", "two"):
        (folder / name).rename(folder.parent / f"away-{name}")
    assert sync(folder, "--prune") == (0, {"one": "kept", "two": "kept"})
    assert not any(skill.is_archived for skill in Skill.objects.all())


def test_what_changed_is_remembered_before_the_next_skill(folder):
    for name in ("one", "two"):
        write_folder(edited(name, "Newer."), folder / name, replace=True)
    outcomes = Sync(folder, SyncOptions()).run()
    next(outcomes)
    number = json.loads((folder / STATE_FILE).read_text())["skills"]["one"]["version"]
    assert number == "1.0.1"
    outcomes.close()


def test_nothing_is_changed_when_the_state_cannot_be_written(folder, monkeypatch):
    write_folder(edited("one", "Newer."), folder / "one", replace=True)

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("taxonomy.sync.write_state", full)
    with pytest.raises(CommandError, match="No space left"):
        sync(folder)
    assert in_database("one") == skill_files("one")
