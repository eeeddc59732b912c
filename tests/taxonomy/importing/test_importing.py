"""`manage.py import_skills`: new skills are imported once, others stay unchanged."""

import pytest
from django.core.management import CommandError, call_command

from taxonomy.files.read import read_folder
from taxonomy.files.write import write_folder
from taxonomy.models import Origin, Skill, SkillVersion
from tests.taxonomy.importing.conftest import actions
from tests.taxonomy.scan.corpus import CORPUS, needs_corpus
from tests.taxonomy.skills import skill_files

pytestmark = pytest.mark.django_db
ML, REVIEW = "skills/data/ml/tune", "skills/review-code"


def test_every_skill_comes_in_once_and_goes_out_the_same(
    import_skills, source_folder, tmp_path
):
    code, report = import_skills(source_folder)
    assert (code, report["counts"]) == (0, {"created": 3})
    assert {skill["name"]: skill["category"] for skill in report["skills"]} == {
        "pdf-tools": "uncategorized",
        "tune": "data/ml",
        "review-code": "development/practices/code-review",
    }
    assert import_skills(source_folder)[1]["counts"] == {"unchanged": 3}
    assert SkillVersion.objects.count() == 3

    call_command("export_skills", "--to", str(tmp_path / "out"), verbosity=0)
    for folder in ("pdf-tools", ML, REVIEW):
        exported = tmp_path / "out" / folder.rpartition("/")[2]
        assert read_folder(exported) == read_folder(source_folder / folder)

    (source_folder / "pdf-tools/references/api").write_bytes(b"\x00\xfe\r\n")
    assert import_skills(source_folder)[1]["counts"] == {"updated": 1, "unchanged": 2}
    assert SkillVersion.objects.count() == 4


@needs_corpus
def test_the_published_skills_of_others_come_in_but_one(import_skills, tmp_path):
    for options, counts in (
        (["--dry-run"], {"created": 29, "refused": 1}),
        ([], {"created": 29, "refused": 1}),
        (["--lenient"], {"unchanged": 29, "refused": 1}),
    ):
        code, report = import_skills(CORPUS / "skills", *options)
        assert (code, report["counts"]) == (3, counts)
    [refused] = [each for each in report["skills"] if each["action"] == "refused"]
    assert refused["path"].endswith("claude-api")
    assert "1068 characters" in refused["reasons"][0]

    call_command("export_skills", "--to", str(tmp_path), verbosity=0)
    for skill in report["skills"]:
        if skill["action"] != "refused":
            before = read_folder(CORPUS / "skills" / skill["path"])
            assert read_folder(tmp_path / skill["name"]) == before


def test_a_dry_run_says_the_same_and_writes_nothing(import_skills, source_folder):
    dry = import_skills(source_folder, "--dry-run")[1]
    assert not Skill.objects.exists()
    assert not Origin.objects.exists()
    assert dry["skills"] == import_skills(source_folder)[1]["skills"]


def test_what_is_refused_says_why_and_keeps_nothing_else_out(
    import_skills, source_folder
):
    (source_folder / "pdf-tools/link").symlink_to("/etc/passwd")
    write_folder(skill_files("tune"), source_folder / "zzz" / "tune")
    code, report = import_skills(source_folder)
    refused = {s["path"]: s["reasons"] for s in report["skills"] if s["reasons"]}
    assert code == 3
    assert report["counts"] == {"created": 2, "refused": 2}
    assert "link" in refused["pdf-tools"][0]
    assert repr(ML) in refused["zzz/tune"][0]


def test_lenience_keeps_unknown_fields_and_other_folder_names(
    import_skills, source_folder
):
    odd = skill_files("odd", extra="icon: star\n")
    write_folder(odd, source_folder / "not-odd")
    assert actions(import_skills(source_folder)[1])["not-odd"] == "refused"
    report = import_skills(source_folder, "--lenient")[1]
    [row] = [skill for skill in report["skills"] if skill["path"] == "not-odd"]
    assert row["action"] == "created"
    assert "icon" in row["notes"][0]
    assert "not-odd" in row["notes"][1]
    skill = Skill.objects.get(name="odd")
    assert skill.current.bundle.files() == odd
    skill.revise(name="odder")
    assert skill.current.frontmatter["icon"] == "star"


@pytest.mark.parametrize(
    ("policy", "action", "names"),
    [
        ("version", "updated", ["pdf-tools", "review-code", "tune"]),
        ("skip", "skipped", ["pdf-tools", "review-code", "tune"]),
        ("rename", "renamed", ["pdf-tools", "pdf-tools-2", "review-code", "tune"]),
    ],
)
def test_a_name_that_is_taken(import_skills, source_folder, policy, action, names):
    Skill.objects.publish(skill_files(body="Another.\n"), category="data")
    for expected in (action, "skipped" if policy == "skip" else "unchanged"):
        report = import_skills(source_folder, "--on-conflict", policy)[1]
        assert actions(report)["pdf-tools"] == expected
    assert list(Skill.objects.values_list("name", flat=True)) == names
    skill = Skill.objects.get(name="pdf-tools")
    assert skill.category.path == "data"
    assert skill.versions.count() == (2 if policy == "version" else 1)


def test_what_was_changed_here_is_kept_until_the_source_changes(
    import_skills, source_folder
):
    import_skills(source_folder)
    Skill.objects.publish(skill_files(body="Edited here.\n"))
    assert actions(import_skills(source_folder)[1])["pdf-tools"] == "kept"
    (source_folder / "pdf-tools/references/api").write_text("new")
    assert actions(import_skills(source_folder)[1])["pdf-tools"] == "updated"


def test_pruning_archives_what_this_source_lost_and_restores_it(
    import_skills, source_folder
):
    import_skills(source_folder)
    Skill.objects.publish(skill_files("other"))
    Skill.objects.publish(skill_files("tune", body="Edited here.\n"))
    for folder in ("pdf-tools", ML):
        (source_folder / folder).rename(
            source_folder.parent / folder.rpartition("/")[2]
        )
    (source_folder / REVIEW).rename(source_folder / "review-code")

    dry = import_skills(source_folder, "--prune", "--dry-run")[1]
    report = import_skills(source_folder, "--prune")[1]
    assert dry["skills"] == report["skills"]
    assert actions(report) == {
        "review-code": "unchanged",
        "pdf-tools": "archived",
        ML: "kept",
    }
    archived = Skill.objects.filter(status=Skill.Status.ARCHIVED)
    assert [skill.name for skill in archived] == ["pdf-tools"]

    (source_folder.parent / "pdf-tools").rename(source_folder / "pdf-tools")
    assert actions(import_skills(source_folder)[1])["pdf-tools"] == "restored"
    assert not archived.all().exists()


def test_a_category_moves_all_and_its_own_word_comes_first(
    import_skills, source_folder
):
    named = skill_files("named", extra="metadata:\n  category: data/analytics\n")
    write_folder(named, source_folder / "skills/data/ml/named")
    report = import_skills(source_folder)[1]
    [row] = [skill for skill in report["skills"] if skill["name"] == "named"]
    assert row["category"] == "data/analytics"
    report = import_skills(source_folder, "--category", "research")[1]
    assert {skill["category"] for skill in report["skills"]} == {"research"}
    assert report["counts"] == {"moved": 4}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--category", "no/such"], "--category"),
        (["--user", "nobody"], "--user"),
        (["--source", "x" * 301], "--source"),
    ],
)
def test_impossible_options_are_refused(import_skills, source_folder, options, message):
    with pytest.raises(CommandError, match=message):
        import_skills(source_folder, *options)


def test_a_path_without_skills_is_refused(import_skills, tmp_path):
    for name, message in (("", "no SKILL.md"), ("gone", "No such file")):
        with pytest.raises(CommandError, match=message):
            import_skills(tmp_path / name)
