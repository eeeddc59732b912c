"""Reading and publishing skills by the API."""

import base64

import pytest

from taxonomy.models import Address, Skill
from tests.taxonomy.skills import skill_files

SKILLS = "/api/v1/skills"
CONTENT = skill_files()[0].content.decode()


def test_a_curator_publishes_a_skill_md_and_everyone_reads_it(curator, viewer):
    answer = curator.put(
        f"{SKILLS}/pdf-tools",
        {"content": CONTENT, "category": "data", "change_summary": "New."},
    )
    assert answer.status_code == 201, answer.json()
    skill = viewer.get(f"{SKILLS}/pdf-tools").json()
    assert skill == answer.json()
    assert skill["path"] == "data/pdf-tools"
    assert skill["version"] == "1.0.0"
    assert skill["author"] == "curator-of-the-fleet"
    assert skill["body"] == "# PDF tools\n\n1. Open the file."
    assert skill["frontmatter"]["name"] == "pdf-tools"


def test_publishing_again_is_200_and_the_same_bytes_keep_the_version(curator):
    body = {"content": CONTENT}
    assert curator.put(f"{SKILLS}/pdf-tools", body).status_code == 201
    again = curator.put(f"{SKILLS}/pdf-tools", body)
    assert (again.status_code, again.json()["version"]) == (200, "1.0.0")
    body["content"] += "\nMore.\n"
    changed = curator.put(f"{SKILLS}/pdf-tools", body)
    assert (changed.status_code, changed.json()["version"]) == (200, "1.0.1")


def test_content_alone_leaves_the_other_files(curator, pdf_tools):
    curator.put(f"{SKILLS}/pdf-tools", {"content": CONTENT + "\nMore.\n"})
    paths = [each["path"] for each in curator.get(f"{SKILLS}/pdf-tools/files").json()]
    assert paths == ["SKILL.md", "assets/logo", "references/api"]


def test_files_take_the_place_of_all_files(curator, pdf_tools):
    answer = curator.put(
        f"{SKILLS}/pdf-tools",
        {
            "files": {
                "SKILL.md": CONTENT,
                "scripts/run.sh": {
                    "base64": base64.b64encode(b"#!/bin/sh\n").decode(),
                    "executable": True,
                },
            },
            "version": "2.0.0",
        },
    )
    assert answer.json()["version"] == "2.0.0", answer.json()
    listed = curator.get(f"{SKILLS}/pdf-tools/files").json()
    assert [(each["path"], each["mode"], each["size"]) for each in listed] == [
        ("SKILL.md", "100644", len(CONTENT)),
        ("scripts/run.sh", "100755", 10),
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "content"),
        ({"content": CONTENT, "files": {"SKILL.md": CONTENT}}, "content"),
        ({"content": 5}, "content"),
        ({"content": None}, "content"),
        ({"content": ""}, "content"),
        ({"content": "no frontmatter"}, "files"),
        ({"content": CONTENT.replace("pdf-tools", "other")}, "name"),
        ({"content": CONTENT, "category": "no/such"}, "category"),
        ({"content": CONTENT, "category": ["data"]}, "category"),
        ({"content": CONTENT, "version": "newest"}, "version"),
        ({"content": CONTENT, "version": 2}, "version"),
        ({"content": CONTENT, "surprise": 1}, "surprise"),
        ({"content": CONTENT, "change_summary": "x" * 3000}, "change_summary"),
        ({"files": []}, "files"),
        ({"files": {}}, "files"),
        ({"files": {"SKILL.md": 5}}, "files"),
        ({"files": {"SKILL.md": {"base64": "%"}}}, "files"),
        ({"files": {"SKILL.md": {"base64": "aé"}}}, "files"),
        ({"files": {"SKILL.md": {"text": CONTENT, "base64": ""}}}, "files"),
        ({"files": {"SKILL.md": {"text": CONTENT, "executable": 1}}}, "files"),
        ({"files": {"SKILL.md": CONTENT, "../up": ""}}, "files"),
        ({"files": {"README.md": CONTENT}}, "files"),
    ],
)
def test_a_bad_body_is_a_400_that_names_the_field(curator, body, field):
    answer = curator.put(f"{SKILLS}/pdf-tools", body)
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["errors"], answer.json()
    assert not Skill.objects.exists()


@pytest.mark.parametrize("body", ["text", ["list"], None, 5])
def test_a_body_that_is_no_object_is_a_400(curator, body):
    assert curator.put(f"{SKILLS}/pdf-tools", body).status_code == 400


def test_a_lower_version_is_a_409(curator, pdf_tools):
    answer = curator.put(
        f"{SKILLS}/pdf-tools", {"content": CONTENT + "x", "version": "0.1.0"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "version_conflict")
    assert "version" in answer.json()["errors"]


def test_a_former_name_reads_and_is_taken(curator, pdf_tools):
    Address.objects.create(kind="skill", path="pdf-kit", skill=pdf_tools, current=False)
    skill = curator.get(f"{SKILLS}/pdf-kit").json()
    assert (skill["name"], skill["aliases"]) == ("pdf-tools", ["pdf-kit"])
    content = CONTENT.replace("pdf-tools", "pdf-kit")
    taken = curator.put(f"{SKILLS}/pdf-kit", {"content": content})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")


def test_a_skill_is_read_by_its_uuid(viewer, pdf_tools):
    assert viewer.get(f"{SKILLS}/{pdf_tools.pk}").json()["name"] == "pdf-tools"


@pytest.mark.parametrize("ref", ["no-such", "No Such", "%F0%9F%98%80", "x" * 300])
def test_what_is_not_there_is_a_404(viewer, ref):
    for rest in ("", "/files", "/files/SKILL.md", "/versions", "/versions/1.0.0"):
        answer = viewer.get(f"{SKILLS}/{ref}{rest}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_versions_are_listed_newest_first_and_read_one_by_one(curator, pdf_tools):
    body = {"content": CONTENT + "\nMore.\n", "change_summary": "More."}
    curator.put(f"{SKILLS}/pdf-tools", body)
    page = curator.get(f"{SKILLS}/pdf-tools/versions").json()
    assert [(each["version"], each["current"]) for each in page["results"]] == [
        ("1.0.1", True),
        ("1.0.0", False),
    ]
    former = curator.get(f"{SKILLS}/pdf-tools/versions/1.0.0").json()
    assert former["body"] == "# PDF tools\n\n1. Open the file."
    assert next(each["path"] for each in former["files"]) == "SKILL.md"
    for number in ("9.9.9", "one", "1.0.0-", "x" * 300):
        answer = curator.get(f"{SKILLS}/pdf-tools/versions/{number}")
        assert answer.status_code == 404


def test_a_file_is_served_byte_for_byte_and_never_run(viewer, pdf_tools):
    file = viewer.get(f"{SKILLS}/pdf-tools/files/SKILL.md", HTTP_ACCEPT="text/markdown")
    assert file.status_code == 200
    assert file.content == skill_files()[0].content
    assert file["Content-Type"] == "text/markdown; charset=utf-8"
    assert file["X-Content-Type-Options"] == "nosniff"
    logo = viewer.get(f"{SKILLS}/pdf-tools/files/assets/logo")
    assert logo["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("name", ["page.html", "image.svg", "script.js", "feed.xml"])
def test_what_a_browser_could_run_is_served_as_plain_text(viewer, seeded, name):
    files = skill_files(**{name: b"<script>alert(1)</script>"})
    Skill.objects.publish(files)
    file = viewer.get(f"{SKILLS}/pdf-tools/files/{name}")
    assert file["Content-Type"] == "text/plain; charset=utf-8"


def test_files_of_a_former_version_are_read_by_number(curator, pdf_tools):
    curator.put(f"{SKILLS}/pdf-tools", {"content": CONTENT + "\nMore.\n"})
    url = f"{SKILLS}/pdf-tools/files/SKILL.md"
    assert curator.get(url).content.endswith(b"More.\n")
    assert curator.get(url, {"version": "1.0.0"}).content == CONTENT.encode()
    assert curator.get(url, {"version": "7.0.0"}).status_code == 404


def test_a_curator_places_labels_and_deprecates_without_a_version(curator, pdf_tools):
    answer = curator.patch(
        f"{SKILLS}/pdf-tools",
        {
            "category": "data",
            "status": "deprecated",
            "tags": ["b", "a"],
            "type": "tool",
        },
    )
    assert answer.status_code == 200, answer.json()
    skill = curator.get(f"{SKILLS}/pdf-tools").json()
    assert (skill["path"], skill["status"]) == ("data/pdf-tools", "deprecated")
    assert (skill["tags"], skill["type"], skill["version"]) == (
        ["a", "b"],
        "tool",
        "1.0.0",
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"category": "no/such"}, "category"),
        ({"status": "gone"}, "status"),
        ({"tags": "a"}, "tags"),
        ({"tags": ["x" * 300]}, "tags.0"),
        ({"surprise": "other"}, "surprise"),
        ({"name": "search"}, "name"),
        ({"name": "Other"}, "name"),
    ],
)
def test_a_bad_change_is_a_400_that_names_the_field(curator, pdf_tools, body, field):
    answer = curator.patch(f"{SKILLS}/pdf-tools", body)
    assert answer.status_code == 400
    assert any(field.split(".")[0] in each for each in answer.json()["errors"])


def test_a_renamed_skill_answers_to_both_names(curator, pdf_tools):
    Skill.objects.publish(skill_files(name="taken"))
    answer = curator.patch(f"{SKILLS}/pdf-tools", {"name": "pdf-kit", "tags": ["pdf"]})
    assert answer.status_code == 200, answer.json()
    skill = curator.get(f"{SKILLS}/pdf-tools").json()
    assert (skill["name"], skill["version"]) == ("pdf-kit", "1.0.1")
    assert (skill["aliases"], skill["tags"]) == (["pdf-tools"], ["pdf"])
    assert skill["frontmatter"]["name"] == "pdf-kit"
    assert skill["body"] == "# PDF tools\n\n1. Open the file."
    taken = curator.patch(f"{SKILLS}/pdf-kit", {"name": "taken"})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    back = curator.patch(f"{SKILLS}/pdf-kit", {"name": "pdf-tools"}).json()
    assert (back["name"], back["aliases"]) == ("pdf-tools", ["pdf-kit"])


def test_an_archived_skill_is_hidden_from_readers(curator, viewer, pdf_tools):
    assert curator.delete(f"{SKILLS}/pdf-tools").status_code == 204
    assert viewer.get(f"{SKILLS}/pdf-tools").status_code == 404
    assert viewer.get(SKILLS).json()["count"] == 0
    changed = {"content": CONTENT + "More."}
    assert curator.put(f"{SKILLS}/pdf-tools", changed).status_code == 409
    restored = curator.patch(f"{SKILLS}/pdf-tools", {"status": "active"})
    assert restored.json()["status"] == "active"
    assert viewer.get(f"{SKILLS}/pdf-tools").status_code == 200


def test_an_archived_skill_is_restored_and_renamed_at_once(curator, viewer, pdf_tools):
    pdf_tools.archive()
    refused = curator.patch(f"{SKILLS}/pdf-tools", {"name": "pdf-kit"})
    assert (refused.status_code, refused.json()["code"]) == (409, "skill_archived")

    change = {"status": "active", "name": "pdf-kit"}
    answer = curator.patch(f"{SKILLS}/pdf-tools", change)

    assert answer.status_code == 200, answer.json()
    assert viewer.get(f"{SKILLS}/pdf-kit").json()["aliases"] == ["pdf-tools"]
    archived = curator.patch(
        f"{SKILLS}/pdf-kit", {"status": "archived", "name": "pdf-old"}
    )
    assert (archived.status_code, archived.json()["name"]) == (200, "pdf-old")


@pytest.mark.parametrize("form", ["{0}", "{0.hex}"])
def test_no_name_leads_away_from_a_skill_by_its_uuid(curator, pdf_tools, form):
    name = form.format(pdf_tools.pk)
    content = skill_files(name=name)[0].content.decode()

    for refused in (
        curator.put(f"{SKILLS}/{name}", {"content": content}),
        curator.patch(f"{SKILLS}/pdf-tools", {"name": name}),
    ):
        assert (refused.status_code, "name" in refused.json()["errors"]) == (400, True)
    assert curator.get(f"{SKILLS}/{name}").json()["name"] == "pdf-tools"
