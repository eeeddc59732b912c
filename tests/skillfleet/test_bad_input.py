"""Bad input is a clear 4xx that names the field, never a 500, and writes nothing."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from jobs.models import Draft, Job
from taxonomy.models import Skill
from tests.skillfleet.refusals import refused
from tests.skillfleet.world import TASK, drafted, submitted

WRONG_TYPES = [None, True, 7, 1.5, "text", [], ["text"], {}, {"a": 1}]
SUBMISSION_FIELDS = {
    "task_description": str,
    "sources": list,
    "intended_taxonomy_path": str,
    "auto_promote": bool,
    "checkpoints": list,
    "style": str,
    "user_context": dict,
    "idempotency_key": str,
}


# Submitting a job.


@pytest.mark.parametrize("field", SUBMISSION_FIELDS)
def test_a_wrong_json_type_in_a_submission_names_its_field(api, field):
    before = Job.objects.count()
    author = api("author")

    for value in WRONG_TYPES:
        if not isinstance(value, SUBMISSION_FIELDS[field]):
            body = {"task_description": TASK, field: value}
            refused(author.post("/api/v1/skills", body), 400, field)

    assert Job.objects.count() == before


def test_a_body_that_is_no_object_is_a_400(api):
    author = api("author")

    for body in ("text", 7, [], [{}], True):
        refused(author.post("/api/v1/skills", body), 400)


def test_a_body_that_is_not_json_is_a_400(api):
    response = api("author").post(
        "/api/v1/skills", b"{oops", content_type="application/json"
    )

    assert "line 1 column 2" in refused(response, 400)["detail"]


@pytest.mark.parametrize(
    "value", ['"a\\u0000b"', "NaN", "-Infinity", "1e999", '"\\ud800"', "9" * 400]
)
def test_json_that_no_database_keeps_is_a_400(api, value):
    body = f'{{"task_description": "{TASK}", "user_context": {{"a": {value}}}}}'

    response = api("author").post(
        "/api/v1/skills", body, content_type="application/json"
    )

    assert "user_context.a" in refused(response, 400)["errors"]


def test_two_hundred_levels_are_a_400(api):
    deep = '{"a":' * 200 + "1" + "}" * 200
    body = f'{{"task_description": "{TASK}", "user_context": {deep}}}'

    response = api("author").post(
        "/api/v1/skills", body, content_type="application/json"
    )

    assert "32 levels" in refused(response, 400)["detail"]


@pytest.mark.parametrize("task", ["", "   ", "too short", "x" * 10_001, "x" * 10**6])
def test_a_task_that_is_empty_short_or_huge_names_its_bounds(api, task):
    response = api("author").post("/api/v1/skills", {"task_description": task})

    refused(response, 400, "task_description")


def test_an_unknown_category_says_where_the_known_ones_are(api):
    response = api("author").post(
        "/api/v1/skills",
        {"task_description": TASK, "intended_taxonomy_path": "no/such/place"},
    )

    body = refused(response, 400, "intended_taxonomy_path")
    assert "/taxonomy" in body["errors"]["intended_taxonomy_path"][0]


def test_too_many_sources_say_how_many_may_come(api):
    sources = [{"name": f"{n}.md", "text": "# A\n"} for n in range(11)]

    response = api("author").post(
        "/api/v1/skills", {"task_description": TASK, "sources": sources}
    )

    assert "at most 10" in str(refused(response, 400, "sources"))


def test_a_source_over_the_limit_is_a_413(api):
    source = {"name": "big.md", "text": "x" * 1_000_001}

    response = api("author").post(
        "/api/v1/skills", {"task_description": TASK, "sources": [source]}
    )

    assert "1000000" in str(refused(response, 413, "sources"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("picture.png", b"\x89PNG\r\n\x1a\n"),
        ("binary.md", b"\xff\xfe\x00\x01"),
        ("nul.txt", b"a\x00b"),
        ("page.html", b"<p>Hello</p>"),
        ("notes.rst", b"Title\n=====\n"),
        ("no-suffix", b"text"),
    ],
)
def test_a_source_that_cannot_be_read_is_a_415(api, name, content):
    before = Job.objects.count()

    response = api("author").post(
        "/api/v1/skills",
        {"task_description": TASK, "sources": SimpleUploadedFile(name, content)},
        format="multipart",
    )

    refused(response, 415, "sources")
    assert Job.objects.count() == before


# Jobs and questions.


@pytest.mark.parametrize(
    "address",
    [
        "/jobs/{}",
        "/jobs/{}/status",
        "/jobs/{}/events",
        "/hitl/{}/prompt",
        "/drafts/{}",
        "/drafts/{}/files/SKILL.md",
    ],
)
def test_a_job_id_that_leads_nowhere_is_a_404(api, address):
    operator = api("operator")

    for job_id in ("not-a-uuid", "1", uuid4(), "a" * 5000):
        refused(operator.get("/api/v1" + address.format(job_id)), 404)
    refused(operator.get("/api/v1" + address.format("%00")), 400)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "round"),
        ({"round": "1", "action": "proceed"}, "round"),
        ({"round": None, "action": "proceed"}, "round"),
        ({"round": 1}, "action"),
        ({"round": 1, "action": "dance"}, "action"),
        ({"round": 1, "action": ["proceed"]}, "action"),
        ({"round": 1, "action": "proceed", "answers": "yes"}, "answers"),
        ({"round": 1, "action": "proceed", "answers": {"q9": "?"}}, "answers"),
        ({"round": 1, "action": "proceed", "feedback": 7}, "feedback"),
        ({"round": 1, "action": "revise"}, "feedback"),
        ({"round": 1, "action": "proceed", "reply": "x"}, "reply"),
    ],
)
def test_an_answer_that_does_not_fit_names_its_field(api, world, body, field):
    response = api("author").post(
        f"/api/v1/hitl/{world.names['asking']}/response", body
    )

    refused(response, 400, field)
    assert Job.objects.get(pk=world.names["asking"]).status == "pending_hitl"


def test_a_second_answer_is_a_409(api, world):
    address = f"/api/v1/hitl/{world.names['asking']}/response"
    answer = {"round": 1, "action": "proceed"}
    assert api("author").post(address, answer).status_code == 200

    body = refused(api("author").post(address, answer), 409)

    assert body["code"] == "already_answered"


@pytest.mark.parametrize("round_number", [0, 2, 10**12])
def test_an_answer_to_another_round_is_a_409(api, world, round_number):
    address = f"/api/v1/hitl/{world.names['asking']}/response"

    refused(
        api("author").post(address, {"round": round_number, "action": "proceed"}), 409
    )


@pytest.mark.parametrize("job", ["failed", "drafted"])
def test_a_job_that_has_ended_is_not_cancelled(api, world, job):
    body = refused(api("author").post(f"/api/v1/jobs/{world.names[job]}/cancel"), 409)

    assert body["code"] == "wrong_state"


@pytest.mark.parametrize("job", ["pending", "asking", "drafted"])
def test_a_job_that_has_not_failed_is_not_retried(api, world, job):
    refused(api("author").post(f"/api/v1/jobs/{world.names[job]}/retry"), 409)


# Drafts.


def test_a_job_without_a_draft_is_not_promoted(api, world):
    response = api("curator").post(f"/api/v1/drafts/{world.names['failed']}/promote")

    assert refused(response, 409)["code"] == "no_draft"


def test_a_draft_is_not_promoted_twice(api, world):
    address = f"/api/v1/drafts/{world.names['drafted']}/promote"
    first = api("curator").post(address, {"taxonomy_path": "operations"})
    assert first.status_code == 200, first.content

    refused(api("curator").post(address, {"taxonomy_path": "operations"}), 409)


def test_a_draft_that_fails_validation_is_not_promoted(api, world):
    job = drafted(submitted(world.people["author"]), "1. Run `rm -rf /`.\n")
    before = Skill.objects.count()

    response = api("curator").post(f"/api/v1/drafts/{job.pk}/promote")

    assert refused(response, 409)["code"] == "not_promotable"
    assert Skill.objects.count() == before
    assert Draft.objects.get(job=job).status == "open"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"taxonomy_path": "no/such/place"}, 400, "taxonomy_path"),
        ({"taxonomy_path": ["operations"]}, 400, "taxonomy_path"),
        ({"name": "validate"}, 400, "name"),
        ({"name": "Not A Name"}, 400, "name"),
        ({"name": "x" * 65}, 400, "name"),
        ({"name": 7}, 400, "name"),
        ({"name": "pdf-tools"}, 409, "name"),
        ({"version": "one"}, 400, "version"),
        ({"version": 1}, 400, "version"),
        ({"where": "operations"}, 400, "where"),
    ],
)
def test_a_promotion_that_cannot_be_names_its_field(api, world, body, status, field):
    response = api("curator").post(
        f"/api/v1/drafts/{world.names['drafted']}/promote", body
    )

    refused(response, status, field)
    assert Draft.objects.get(job_id=world.names["drafted"]).status == "open"


def test_a_rejection_needs_a_reason(api, world):
    address, curator = f"/api/v1/drafts/{world.names['drafted']}/reject", api("curator")

    for reason in (None, "", "  ", 7, ["no"], "x" * 10_001):
        refused(curator.post(address, {"reason": reason}), 400, "reason")


@pytest.mark.parametrize(
    "path",
    ["../../etc/passwd", "/etc/passwd", "a//b", "a/./b", "con\x01trol", "x" * 300],
)
def test_a_draft_has_no_file_outside_itself(api, world, path):
    response = api("author").put(
        f"/api/v1/drafts/{world.names['drafted']}/files/{path}", {"content": "x"}
    )

    assert 400 <= response.status_code < 500, response.content
    assert response.json()["detail"]


def test_a_draft_file_is_text(api, world):
    address = f"/api/v1/drafts/{world.names['drafted']}/files/notes.md"
    author = api("author")

    for content in (None, 7, ["x"], {"a": "b"}):
        refused(author.put(address, {"content": content}), 400, "content")
