"""`--prune` archives skills that are certainly gone from the source, and no others."""

from dataclasses import replace

import pytest

from taxonomy.files.sources import uploaded_files
from taxonomy.files.write import write_folder
from taxonomy.importing.importer import Importer, ImportOptions
from taxonomy.models import Origin, Skill
from tests.taxonomy.importing.conftest import actions
from tests.taxonomy.skills import skill_files

pytestmark = pytest.mark.django_db
URL = "/api/v1/skills/import"


@pytest.fixture
def source(tmp_path, import_skills):
    """A source with two imported skills."""
    root = tmp_path / "source"
    for name in ("one", "two"):
        write_folder(skill_files(name), root / "x" / name)
    import_skills(root)
    return root


def archived():
    return {skill.name for skill in Skill.objects.all() if skill.is_archived}


def moved(source):
    """A function that moves skill one to another folder of the source."""
    (source / "y").mkdir()
    return (source / "x/one").rename(source / "y/one")


def reasons(report):
    return {skill["path"]: " ".join(skill["reasons"]) for skill in report["skills"]}


def test_nothing_is_archived_after_the_time_limit(curator, settings):
    def send(folder):
        files = {
            f"{folder}/{name}/SKILL.md": skill_files(name)[0].content.decode()
            for name in ("one", "two")
        }
        body = {"files": files, "source": "team", "prune": True}
        return curator.post(URL, body).json()

    send("old")
    settings.SKILLFLEET_IMPORT_SECONDS = 0
    report = send("new")
    assert report["counts"] == {"kept": 2, "refused": 2}
    assert "could not be read" in reasons(report)["old/one"]
    assert "time" in report["notes"][0]
    assert archived() == set()
    settings.SKILLFLEET_IMPORT_SECONDS = 60
    assert send("new")["counts"] == {"unchanged": 2}
    assert Origin.objects.count() == 2


def test_one_that_was_moved_and_is_refused_is_not_gone(import_skills, source):
    with (moved(source) / "SKILL.md").open("a") as file:
        file.write("x")
    text = (source / "y/one/SKILL.md").read_text()
    (source / "y/one/SKILL.md").write_text(text.replace("---\n", "---\nodd: 1\n", 1))
    report = import_skills(source, "--prune")[1]
    assert actions(report) == {"x/two": "unchanged", "y/one": "refused"}
    [refused] = [each for each in report["skills"] if each["action"] == "refused"]
    assert refused["name"] == "one"
    assert archived() == set()


@pytest.mark.parametrize("break_it", ["link", "text"])
def test_nothing_is_gone_while_a_folder_cannot_be_read(import_skills, source, break_it):
    folder = moved(source)
    if break_it == "link":
        (folder / "link").symlink_to("/etc/passwd")
    else:
        (folder / "SKILL.md").write_text("name: one")
    report = import_skills(source, "--prune")[1]
    assert actions(report)["x/one"] == "kept"
    assert "'y/one'" in reasons(report)["x/one"]
    assert archived() == set()


def test_nothing_is_gone_while_a_folder_cannot_be_looked_into():
    def run(files, skipped=()):
        source = uploaded_files(tuple(files))
        source.skipped = skipped
        return list(Importer(source, ImportOptions("team", prune=True)).run())

    one, two = (
        [replace(file, path=f"{name}/{file.path}") for file in skill_files(name)]
        for name in ("one", "two")
    )
    run((*one, *two))
    outcomes = run(one, [("more", "The folder cannot be read.")])
    assert [(each.path, each.action) for each in outcomes] == [
        ("one", "unchanged"),
        ("more", "refused"),
        ("two", "kept"),
    ]
    assert archived() == set()
    run(one)
    assert archived() == {"two"}


def test_what_lies_below_another_skill_now_is_not_gone(import_skills, source):
    (source / "SKILL.md").write_bytes(skill_files("whole")[0].content)
    report = import_skills(source, "--prune", "--lenient")[1]
    assert actions(report) == {"": "created", "x/one": "kept", "x/two": "kept"}
    assert "one skill now" in reasons(report)["x/one"]
    assert archived() == set()


def test_one_that_another_source_has_is_kept(import_skills, source):
    assert import_skills(source, "--source", "other")[1]["counts"] == {"unchanged": 2}
    (source / "x/one").rename(source.parent / "one")
    report = import_skills(source, "--prune")[1]
    assert "another source" in reasons(report)["x/one"]
    assert archived() == set()
    import_skills(source, "--source", "other", "--prune")
    assert archived() == {"one"}


def test_one_that_was_here_before_is_kept_when_the_source_loses_it(
    import_skills, source
):
    Skill.objects.publish(skill_files("mine"))
    write_folder(skill_files("mine"), source / "mine")
    assert actions(import_skills(source)[1])["mine"] == "unchanged"
    (source / "mine").rename(source.parent / "mine")
    report = import_skills(source, "--prune")[1]
    assert "before the first import" in reasons(report)["mine"]
    assert archived() == set()


@pytest.mark.parametrize("text", ["", "More.\n"])
def test_one_that_returns_in_another_folder_is_active_again(
    import_skills, source, text
):
    (source / "x/one").rename(source.parent / "one")
    import_skills(source, "--prune")
    assert archived() == {"one"}
    (source / "y").mkdir()
    (source.parent / "one").rename(source / "y/one")
    with (source / "y/one/SKILL.md").open("a") as file:
        file.write(text)
    assert actions(import_skills(source)[1])["y/one"] == "restored"
    assert archived() == set()
    assert Skill.objects.get(name="one").current.body.endswith(text.strip())
    assert actions(import_skills(source, "--prune")[1]) == {
        "x/two": "unchanged",
        "y/one": "unchanged",
    }


def test_what_a_curator_did_with_an_archived_one_stays(import_skills, source):
    (source / "x/one").rename(source.parent / "one")
    import_skills(source, "--prune")
    Skill.objects.get(name="one").revise(status=Skill.Status.ACTIVE)
    mine = skill_files("one", body="Mine.\n")
    Skill.objects.publish(mine)
    (source.parent / "one").rename(source / "x/one")
    for policy in ("version", "skip", "rename"):
        report = import_skills(source, "--on-conflict", policy)[1]
        assert actions(report)["x/one"] == "kept"
    assert Skill.objects.get(name="one").current.bundle.files() == mine
