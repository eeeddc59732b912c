"""Drafts are read, edited file by file, promoted or rejected."""

import hashlib

import pytest

from taxonomy.models import Skill


def url(job, rest=""):
    return f"/api/v1/drafts/{job.pk}{rest}"


def draft_of(api, job):
    return api.get(url(job)).data


def put(api, job, path, content="# More"):
    return api.put(url(job, f"/files/{path}"), {"content": content})


def test_a_draft_shows_its_files_and_its_verdict(drafted, author_api):
    draft = draft_of(author_api, drafted)

    assert draft["status"] == "open"
    assert draft["job_status"] == "completed"
    assert draft["validation_passed"] is True
    assert draft["validation"]["score"] == draft["validation_score"]
    assert draft["version"] is None
    assert draft["skill_md"].startswith("---\n")
    content = author_api.get(url(drafted, "/files/SKILL.md")).content
    assert content.decode() == draft["skill_md"]
    assert {
        "path": "SKILL.md",
        "size": len(content),
        "digest": hashlib.sha256(content).hexdigest(),
        "mode": "100644",
    } in draft["files"]


def test_drafts_are_listed_and_filtered(drafted, submit, run_to_end, author_api):
    other = run_to_end(submit())

    page = author_api.get("/api/v1/drafts").data
    assert page.keys() == {"count", "next", "previous", "results"}
    listed = [draft["job_id"] for draft in page["results"]]
    assert listed == [str(other.pk), str(drafted.pk)]
    assert author_api.get("/api/v1/drafts?status=open").data["count"] == 2
    assert author_api.get("/api/v1/drafts?status=promoted").data["count"] == 0


@pytest.mark.parametrize("accept", ["text/markdown", "*/*", "image/png"])
def test_a_file_is_served_as_text_whatever_is_accepted(drafted, author_api, accept):
    reply = author_api.get(url(drafted, "/files/SKILL.md"), headers={"Accept": accept})

    assert reply.status_code == 200
    assert reply["Content-Type"] == "text/markdown; charset=utf-8"
    assert reply["X-Content-Type-Options"] == "nosniff"


def test_an_edit_is_validated_and_noted(drafted, author_api):
    before = draft_of(author_api, drafted)

    reply = put(author_api, drafted, "references/more.md")

    assert reply.status_code == 200
    after = reply.data
    assert after["digest"] != before["digest"]
    assert after == draft_of(author_api, drafted)
    assert "references/more.md" in [file["path"] for file in after["files"]]
    events = author_api.get(f"/api/v1/jobs/{drafted.pk}/events").data["results"]
    assert events[-1]["kind"] == "draft_edited"
    assert events[-1]["data"]["path"] == "references/more.md"


def test_a_removed_file_is_gone(drafted, author_api):
    before = draft_of(author_api, drafted)
    put(author_api, drafted, "references/more.md")

    reply = author_api.delete(url(drafted, "/files/references/more.md"))

    assert reply.status_code == 200
    assert reply.data["digest"] == before["digest"]
    assert author_api.get(url(drafted, "/files/references/more.md")).status_code == 404


def test_an_edit_that_breaks_the_draft_fails_its_validation(broken, author_api):
    draft = draft_of(author_api, broken)

    assert draft["validation_passed"] is False
    assert draft["validation_status"] == "failed"
    assert draft["validation"]["errors"]


def test_a_failed_validation_is_not_promoted_until_it_is_fixed(
    drafted, author_api, curator_api
):
    good = draft_of(author_api, drafted)["skill_md"]
    put(author_api, drafted, "SKILL.md", "No frontmatter.")

    reply = curator_api.post(url(drafted, "/promote"), {})
    assert reply.status_code == 409
    assert reply.json()["code"] == "not_promotable"
    assert not Skill.objects.exists()

    put(author_api, drafted, "SKILL.md", good)
    assert curator_api.post(url(drafted, "/promote"), {}).status_code == 200


BAD_FILES = [
    ("SKILL.md", {}, "content"),
    ("SKILL.md", {"content": None}, "content"),
    ("SKILL.md", {"content": 1}, "content"),
    ("SKILL.md", {"content": ["text"]}, "content"),
    ("SKILL.md", {"content": "text", "mode": "100755"}, "mode"),
    ("SKILL.md", [], "non_field_errors"),
    ("skill.md", {"content": "text"}, "files"),
    ("SKILL.md/more.md", {"content": "text"}, "files"),
    ("references//more.md", {"content": "text"}, "files"),
    (".git/config", {"content": "text"}, "files"),
    ("a:b.md", {"content": "text"}, "files"),
    ("a\\b.md", {"content": "text"}, "files"),
    ("x" * 600 + ".md", {"content": "text"}, "files"),
]


def test_a_wrong_file_is_refused_and_the_draft_stays(drafted, author_api):
    before = draft_of(author_api, drafted)
    for path, body, place in BAD_FILES:
        reply = author_api.put(url(drafted, f"/files/{path}"), body)
        assert reply.status_code == 400, (path, body, reply.content)
        assert place in reply.json()["errors"], (path, body)
    assert author_api.delete(url(drafted, "/files/SKILL.md")).status_code == 400
    assert author_api.delete(url(drafted, "/files/none.md")).status_code == 404
    assert author_api.get(url(drafted, "/files/none.md")).status_code == 404
    assert draft_of(author_api, drafted) == before


def test_a_file_that_is_too_large_is_refused(drafted, author_api, settings):
    settings.SKILLFLEET_MAX_FILE_BYTES = 10_000

    reply = put(author_api, drafted, "references/more.md", "x" * 10_001)

    assert reply.status_code == 413
    assert "content" in reply.json()["errors"]


def test_a_file_in_a_body_that_is_no_json_is_refused(drafted, author_api):
    path = url(drafted, "/files/SKILL.md")

    wrong_type = author_api.generic("PUT", path, b"# More", "text/markdown")
    no_json = author_api.generic("PUT", path, b"# More", "application/json")

    assert (wrong_type.status_code, no_json.status_code) == (415, 400)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("put", "/files/SKILL.md", {"content": "text"}),
        ("delete", "/files/SKILL.md", None),
        ("post", "/promote", {}),
        ("post", "/reject", {"reason": "It says nothing."}),
    ],
)
def test_without_a_draft_every_verb_is_a_conflict(
    waiting, author_api, curator_api, method, path, body
):
    api = curator_api if method == "post" else author_api

    reply = getattr(api, method)(url(waiting, path), body)

    assert reply.status_code == 409
    assert reply.json()["code"] == "no_draft"
    assert author_api.get(url(waiting)).status_code == 404
