"""`manage.py sync_skills`: a change on one side is copied, on both a conflict."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from taxonomy.files.read import read_folder
from taxonomy.files.write import remove_folder, write_folder
from taxonomy.models import Skill, SkillVersion
from taxonomy.sync import STATE_FILE, Step, decide
from tests.taxonomy.skills import skill_files

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded")]


def report_of(folder, *options):
    """Run the command; return (exit code, report)."""
    out, code = StringIO(), 0
    try:
        call_command(
            "sync_skills", str(folder), "--json", *options, stdout=out, stderr=out
        )
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, json.loads(out.getvalue())


def sync(folder, *options):
    """Run the command; return (exit code, action by skill)."""
    code, report = report_of(folder, *options)
    return code, {skill["name"]: skill["action"] for skill in report["skills"]}


def edited(name, text):
    return skill_files(name, body=f"{text}\n")


def in_database(name):
    return Skill.objects.get(name=name).current.bundle.files()


@pytest.fixture
def folder(tmp_path):
    """A folder in sync with a fleet of three skills."""
    for name in ("both", "here", "there"):
        Skill.objects.publish(skill_files(name), category="data")
    sync(tmp_path)
    return tmp_path


def test_what_is_new_goes_to_the_other_side(tmp_path):
    Skill.objects.publish(skill_files("old"), category="data")
    write_folder(skill_files("new"), tmp_path / "new")
    dry = sync(tmp_path, "--dry-run")
    assert dry == (0, {"new": "created", "old": "sent"})
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert Skill.objects.count() == 1

    assert sync(tmp_path) == dry
    assert read_folder(tmp_path / "old") == skill_files("old")
    assert in_database("new") == skill_files("new")
    assert sync(tmp_path) == (0, {"new": "unchanged", "old": "unchanged"})
    assert SkillVersion.objects.count() == 2


def test_one_change_follows_and_two_are_a_conflict(folder):
    Skill.objects.publish(edited("here", "Edited here."))
    Skill.objects.publish(edited("both", "Edited here."))
    for name in ("there", "both"):
        write_folder(edited(name, "Edited there."), folder / name, replace=True)
    code, actions = sync(folder)
    assert code == 3
    assert actions == {"both": "conflict", "here": "sent", "there": "updated"}
    assert read_folder(folder / "here") == edited("here", "Edited here.")
    assert in_database("there") == edited("there", "Edited there.")
    assert read_folder(folder / "both") == edited("both", "Edited there.")
    assert in_database("both") == edited("both", "Edited here.")


def test_a_folder_that_was_exported_before_is_behind_and_not_in_conflict(tmp_path):
    for name in ("one", "two"):
        Skill.objects.publish(skill_files(name))
    call_command("export_skills", "--to", str(tmp_path), verbosity=0)
    for name in ("one", "two"):
        Skill.objects.publish(edited(name, "Edited here."))
    write_folder(edited("two", "Edited there."), tmp_path / "two", replace=True)
    assert sync(tmp_path) == (3, {"one": "sent", "two": "conflict"})


@pytest.mark.parametrize(("side", "text"), [("here", "mine"), ("there", "theirs")])
def test_a_preferred_side_wins_a_conflict(folder, side, text):
    Skill.objects.publish(edited("both", "mine"))
    write_folder(edited("both", "theirs"), folder / "both", replace=True)
    assert sync(folder, "--prefer", side)[0] == 0
    assert in_database("both") == read_folder(folder / "both") == edited("both", text)
    assert sync(folder)[1]["both"] == "unchanged"


def test_what_is_gone_from_one_side_goes_when_pruned(folder):
    Skill.objects.get(name="here").archive()
    (folder / "there").rename(folder.parent / "gone")
    assert sync(folder)[1] == {"both": "unchanged", "here": "kept", "there": "kept"}
    assert sync(folder, "--prune", "--dry-run") == sync(folder, "--prune")
    assert Skill.objects.get(name="there").status == Skill.Status.ARCHIVED
    assert not (folder / "here").exists()
    assert sync(folder) == (0, {"both": "unchanged"})


def test_what_is_gone_here_and_changed_there_is_a_conflict(folder):
    Skill.objects.get(name="here").archive()
    write_folder(edited("here", "New."), folder / "here", replace=True)
    for options in ([], ["--prune"], ["--prefer", "here", "--prune"]):
        assert sync(folder, *options)[1]["here"] == "conflict"
    assert sync(folder, "--prefer", "there")[1]["here"] == "refused"
    assert read_folder(folder / "here") == edited("here", "New.")


def test_what_is_saved_while_it_is_compared_is_not_overwritten(folder, monkeypatch):
    Skill.objects.publish(edited("here", "New."))

    def after_a_save(*arguments, **options):
        (folder / "here/notes.md").write_text("Mine.")
        return write_folder(*arguments, **options)

    monkeypatch.setattr("taxonomy.sync.write_folder", after_a_save)
    code, actions = sync(folder)
    assert (code, actions["here"]) == (3, "refused")
    assert (folder / "here/notes.md").read_text() == "Mine."
    monkeypatch.undo()
    assert sync(folder)[1]["here"] == "conflict"


def test_what_is_saved_while_it_is_compared_is_not_removed(folder, monkeypatch):
    Skill.objects.get(name="both").archive()

    def after_a_save(*arguments):
        (folder / "both/notes.md").write_text("Mine.")
        return remove_folder(*arguments)

    monkeypatch.setattr("taxonomy.sync.remove_folder", after_a_save)
    assert sync(folder, "--prune")[1]["both"] == "refused"
    assert (folder / "both/notes.md").read_text() == "Mine."


def test_what_cannot_be_read_or_replaced_is_refused_and_left(folder):
    (folder / "both" / "link").symlink_to("/etc/passwd")
    (folder / "here").rename(folder.parent / "elsewhere")
    (folder / "here").symlink_to(folder.parent / "elsewhere")
    write_folder(skill_files("other"), folder / "Other Name")
    (folder / "there" / ".git").mkdir()
    Skill.objects.publish(edited("there", "New."))
    code, actions = sync(folder)
    assert code == 3
    assert actions == {
        "Other Name": "refused",
        "both": "refused",
        "here": "refused",
        "there": "refused",
    }
    assert read_folder(folder / "there") == skill_files("there")


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"format": 2, "skills": {}}', '{"format": 1, "skills": 7}']
)
def test_a_state_that_we_did_not_write_is_refused(folder, text):
    (folder / STATE_FILE).write_text(text)
    with pytest.raises(CommandError, match="cannot be read"):
        sync(folder)


@pytest.mark.parametrize(
    ("common", "stored", "in_folder", "step"),
    [
        (None, "a", "a", Step.SAME),
        ("a", "a", "b", Step.IMPORT),
        (None, None, "b", Step.IMPORT),
        (None, "b", None, Step.EXPORT),
        ("a", "a", None, Step.GONE_FROM_FOLDER),
        ("a", "b", "c", Step.CONFLICT),
        ("a", None, "c", Step.CONFLICT),
        ("a", "b", None, Step.CONFLICT),
        (None, "b", "c", Step.CONFLICT),
    ],
)
@pytest.mark.parametrize("was_published", [True, False])
def test_three_digests_decide(common, stored, in_folder, step, was_published):
    assert decide(common, stored, in_folder, was_published=was_published) is step


@pytest.mark.parametrize(
    ("stored", "was_published", "step"),
    [
        ("b", True, Step.EXPORT),
        ("b", False, Step.CONFLICT),
        (None, True, Step.GONE_FROM_FLEET),
        (None, False, Step.IMPORT),
    ],
)
def test_what_was_never_ours_is_not_overwritten_or_removed(stored, was_published, step):
    assert decide("a", stored, "a", was_published=was_published) is step
