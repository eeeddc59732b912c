"""An import never reverts changes made on the server; its own are no conflicts."""

import pytest

from taxonomy.files.write import write_folder
from taxonomy.models import Skill
from tests.taxonomy.importing.conftest import actions
from tests.taxonomy.skills import skill_files

pytestmark = pytest.mark.django_db
URL = "/api/v1/skills/import"


def edited(text, name="pdf-tools"):
    return skill_files(name, body=f"{text}\n")


def body_of(name="pdf-tools"):
    return Skill.objects.get(name=name).current.body.strip()


def only(report):
    [row] = report["skills"]
    return row


@pytest.fixture
def source(tmp_path):
    write_folder(edited("one"), tmp_path / "source" / "pdf-tools")
    return tmp_path / "source"


def changed(source, text):
    write_folder(edited(text), source / "pdf-tools", replace=True)
    return source


@pytest.mark.parametrize("policy", ["version", "skip", "rename"])
def test_a_former_version_does_not_take_back_what_was_changed_here(
    import_skills, source, policy
):
    import_skills(source)
    Skill.objects.publish(edited("Edited here."))
    for options in (["--source", "copy"], ["--source", ""]):
        code, report = import_skills(source, *options, "--on-conflict", policy)
        assert (code, only(report)["action"]) == (0, "kept")
        assert "version 1.0.0 already" in only(report)["reasons"][0]
    assert body_of() == "Edited here."


def test_a_source_may_take_back_its_own_update(import_skills, source):
    for text in ("one", "two", "one"):
        import_skills(changed(source, text))
    assert body_of() == "one"
    assert Skill.objects.get().current.number == "1.0.2"


@pytest.mark.parametrize("policy", ["version", "skip", "rename"])
def test_an_update_of_an_unchanged_skill_is_no_conflict(import_skills, source, policy):
    import_skills(source, "--on-conflict", policy)
    report = import_skills(changed(source, "two"), "--on-conflict", policy)[1]
    assert report["counts"] == {"updated": 1}
    assert only(report)["notes"] == []
    assert body_of() == "two"


def test_a_skill_imported_under_another_name_keeps_that_name(import_skills, source):
    Skill.objects.publish(edited("Theirs."))
    import_skills(source, "--on-conflict", "rename")
    report = import_skills(changed(source, "two"))[1]
    assert (only(report)["action"], only(report)["name"]) == ("updated", "pdf-tools-2")
    moved = source / "moved"
    moved.mkdir()
    (source / "pdf-tools").rename(moved / "pdf-tools")
    report = import_skills(source, "--prune")[1]
    assert (only(report)["action"], only(report)["name"]) == (
        "unchanged",
        "pdf-tools-2",
    )
    assert (body_of(), body_of("pdf-tools-2")) == ("Theirs.", "two")


def test_one_that_was_renamed_here_gets_the_updates_of_its_source(
    import_skills, source
):
    import_skills(source)
    Skill.objects.get().revise(name="paper-tools")
    assert actions(import_skills(source)[1]) == {"pdf-tools": "unchanged"}
    report = import_skills(changed(source, "two"), "--on-conflict", "rename")[1]
    assert (only(report)["action"], only(report)["name"]) == ("updated", "paper-tools")
    assert body_of("paper-tools") == "two"


def test_what_is_followed_by_a_version_of_the_source_is_told(import_skills, source):
    import_skills(source)
    Skill.objects.publish(edited("Edited here."))
    report = import_skills(changed(source, "two"))[1]
    assert only(report)["action"] == "updated"
    assert "1.0.1 did not come from this source" in only(report)["notes"][0]


def test_one_that_is_archived_here_is_kept_or_refused_with_the_reason(curator):
    def send(text, **options):
        files = {"pdf-tools/SKILL.md": edited(text)[0].content.decode()}
        return only(curator.post(URL, {"files": files, **options}).json())

    send("one", source="team")
    Skill.objects.get().archive()
    for options in ({}, {"source": "team"}):
        same, other = send("one", **options), send("two", **options)
        assert (same["action"], other["action"]) == ("kept", "refused")
        assert "archived" in same["reasons"][0]
        assert "archived" in other["reasons"][0]
    assert Skill.objects.get().is_archived
