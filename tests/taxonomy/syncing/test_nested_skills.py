"""A sync finds skills at any depth and keeps them where they are."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from taxonomy.files.read import read_folder
from taxonomy.files.write import write_folder
from taxonomy.models import Skill
from tests.taxonomy.skills import skill_files
from tests.taxonomy.syncing.test_syncing import edited, in_database, report_of, sync

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded")]


@pytest.fixture
def folder(tmp_path):
    """An imported checkout in sync, with folders of three depths."""
    root = tmp_path / "checkout"
    for place in ("skills/data/one", "skills/two", "three"):
        write_folder(skill_files(place.rpartition("/")[2]), root / place)
    call_command("import_skills", str(root), "--json", stdout=StringIO())
    assert sync(root) == (0, dict.fromkeys(("one", "three", "two"), "unchanged"))
    return root


def test_each_skill_is_kept_alike_where_it_lies(folder):
    Skill.objects.publish(edited("one", "Edited here."))
    write_folder(edited("two", "Edited there."), folder / "skills/two", replace=True)
    Skill.objects.publish(skill_files("four"))
    assert sync(folder) == (
        0,
        {"four": "sent", "one": "sent", "three": "unchanged", "two": "updated"},
    )
    assert read_folder(folder / "skills/data/one") == edited("one", "Edited here.")
    assert in_database("two") == edited("two", "Edited there.")
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == [
        "four",
        "skills",
        "three",
    ]
    Skill.objects.get(name="one").archive()
    assert sync(folder, "--prune")[1]["one"] == "removed"
    assert not (folder / "skills/data/one").exists()


def test_a_new_skill_goes_to_the_category_of_the_folders_above_it(folder):
    write_folder(skill_files("tune"), folder / "skills/data/ml/tune")
    report = report_of(folder)[1]
    [row] = [each for each in report["skills"] if each["name"] == "tune"]
    assert (row["path"], row["category"]) == ("skills/data/ml/tune", "data/ml")


def test_a_skill_that_lies_twice_is_a_conflict(folder):
    write_folder(edited("one", "A copy."), folder / "copies/one")
    code, report = report_of(folder, "--prefer", "there")
    assert code == 3
    assert report["counts"] == {"conflict": 1, "unchanged": 2}
    reason = report["skills"][0]["reasons"][0]
    assert "copies/one, skills/data/one" in reason
    assert in_database("one") == skill_files("one")


def test_a_folder_that_is_itself_a_skill_is_refused(folder):
    with pytest.raises(CommandError, match="the folder above it"):
        sync(folder / "three")


def test_what_lies_in_the_place_of_a_new_skill_is_left(folder):
    (folder / "four").mkdir()
    (folder / "four" / "notes.md").write_text("Mine.")
    Skill.objects.publish(skill_files("four"))
    assert sync(folder)[1]["four"] == "refused"
    assert (folder / "four" / "notes.md").read_text() == "Mine."
