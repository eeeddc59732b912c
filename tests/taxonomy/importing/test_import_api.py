"""`POST /skills/import`: an archive or files, the same import as the command's."""

import gzip
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from taxonomy.files.archives import FORMS
from taxonomy.files.gate import File
from taxonomy.models import Origin, Skill
from tests.skillfleet.refusals import refused
from tests.taxonomy.skills import skill_files

pytestmark = pytest.mark.django_db
URL = "/api/v1/skills/import"


def archive(*names, form="zip"):
    files = [
        File(f"{name}/{file.path}", file.content, file.executable)
        for name in names
        for file in skill_files(name)
    ]
    into = io.BytesIO()
    FORMS[form].write(files, into)
    return SimpleUploadedFile(f"it.{form}", into.getvalue())


def post(client, **fields):
    return client.post(URL, fields, format="multipart")


@pytest.mark.parametrize("form", sorted(FORMS))
def test_an_archive_brings_its_skills_once(curator, form):
    fields = {"source": "team", "category": "data", "dry_run": "true"}
    dry = post(curator, archive=archive("one", "two", form=form), **fields)
    assert dry.json()["dry_run"] is True
    assert not Skill.objects.exists()

    fields["dry_run"] = "false"
    report = post(curator, archive=archive("one", "two", form=form), **fields).json()
    assert report["counts"] == {"created": 2}
    assert {skill["category"] for skill in report["skills"]} == {"data"}
    version = Skill.objects.get(name="one").current
    assert version.author.username == "curator-of-the-fleet"
    assert Origin.objects.filter(source="team").count() == 2

    again = post(curator, archive=archive("one", form=form), source="team")
    assert again.json()["counts"] == {"unchanged": 1}
    pruned = post(curator, archive=archive("one"), source="team", prune="true")
    assert pruned.json()["counts"] == {"unchanged": 1, "archived": 1}


def test_files_are_imported_and_a_refusal_has_its_reason(curator):
    files = {f"one/{f.path}": f.content.decode() for f in skill_files("one")}
    files["bad/SKILL.md"] = "no frontmatter"
    response = curator.post(URL, {"files": files, "on_conflict": "skip"})
    assert response.status_code == 200
    by_path = {skill["path"]: skill for skill in response.json()["skills"]}
    assert by_path["one"]["action"] == "created"
    assert by_path["bad"]["action"] == "refused"
    assert "frontmatter" in by_path["bad"]["reasons"][0]
    assert not Origin.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "archive"),
        ({"archive": "text"}, "archive"),
        ({"archive": SimpleUploadedFile("it.zip", b"no archive")}, "archive"),
        ({"archive": SimpleUploadedFile("it", gzip.compress(b"\0" * 4_000_000))}, ""),
        ({"archive": archive("one"), "category": "no/such"}, "category"),
        ({"archive": archive("one"), "on_conflict": "guess"}, "on_conflict"),
        ({"archive": archive("one"), "lenient": "perhaps"}, "lenient"),
        ({"archive": archive("one"), "prune": "true"}, "source"),
        ({"archive": archive("one"), "colour": "red"}, "colour"),
        ({"archive": [archive("one"), archive("two")]}, "archive"),
        ({"archive": archive("one"), "source": ["a", "b"]}, "source"),
    ],
)
def test_bad_forms_name_their_field_and_write_nothing(curator, fields, field):
    for value in fields.values():
        if isinstance(value, SimpleUploadedFile):
            value.seek(0)
    refused(post(curator, **fields), 400, *filter(None, [field]))
    assert not Skill.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "files"),
        ({"files": {"readme.md": "x"}}, "files"),
        ({"files": {"../SKILL.md": "x"}}, "files"),
        ({"files": {"a/SKILL.md": "x"}, "dry_run": "yes"}, "dry_run"),
        ({"files": {"a/SKILL.md": "x"}, "source": "x" * 301}, "source"),
        ({"files": {"a/SKILL.md": "x"}, "source": 7}, "source"),
    ],
)
def test_bad_json_names_its_field(curator, body, field):
    refused(curator.post(URL, body), 400, field)


def test_more_skills_than_a_request_may_bring_are_a_413(curator, settings):
    settings.SKILLFLEET_IMPORT_SKILLS = 1
    refused(post(curator, archive=archive("one", "two")), 413)
    assert not Skill.objects.exists()


def test_after_the_time_limit_the_rest_is_left_to_the_next_import(curator, settings):
    settings.SKILLFLEET_IMPORT_SECONDS = 0
    report = post(curator, archive=archive("one"), source="team", prune="true").json()
    assert report["counts"] == {"refused": 1}
    assert "Import again" in report["skills"][0]["reasons"][0]
    settings.SKILLFLEET_IMPORT_SECONDS = 60
    report = post(curator, archive=archive("one"), source="team").json()
    assert report["counts"] == {"created": 1}
