"""`POST /skills` refuses bad input with its status and field, and stores nothing."""

import json

from django.core.files.uploadedfile import SimpleUploadedFile

from jobs.models import Job
from tests.jobs.copied_jobs import TASK

URL = "/api/v1/skills"
SOURCE = {"name": "a.md", "text": "# A"}
LARGE = "x" * 1_000_001

BODIES = [
    ("task_description", None, 400),
    ("task_description", 1, 400),
    ("task_description", True, 400),
    ("task_description", [TASK], 400),
    ("task_description", {"text": TASK}, 400),
    ("task_description", "", 400),
    ("task_description", "   too short   ", 400),
    ("task_description", LARGE, 400),
    ("sources", None, 400),
    ("sources", "# A", 400),
    ("sources", 1, 400),
    ("sources", SOURCE, 400),
    ("sources", ["# A"], 400),
    ("sources", [{}], 400),
    ("sources", [{"name": "a.md"}], 400),
    ("sources", [{"text": "# A"}], 400),
    ("sources", [{**SOURCE, "name": 1}], 400),
    ("sources", [{**SOURCE, "name": "x" * 300 + ".md"}], 400),
    ("sources", [{**SOURCE, "text": 1}], 400),
    ("sources", [{**SOURCE, "text": ["# A"]}], 400),
    ("sources", [{**SOURCE, "text": ""}], 400),
    ("sources", [{**SOURCE, "size": 3}], 400),
    ("sources", [SOURCE] * 11, 400),
    ("sources", [{**SOURCE, "name": "a.pdf"}], 415),
    ("sources", [{**SOURCE, "name": "a.rst"}], 415),
    ("sources", [{**SOURCE, "name": "a"}], 415),
    ("sources", [{**SOURCE, "text": LARGE}], 413),
    ("intended_taxonomy_path", 1, 400),
    ("intended_taxonomy_path", ["operations"], 400),
    ("intended_taxonomy_path", "no/such/place", 400),
    ("intended_taxonomy_path", "../../etc", 400),
    ("intended_taxonomy_path", "x" * 256, 400),
    ("auto_promote", "yes", 400),
    ("auto_promote", "true", 400),
    ("auto_promote", 1, 400),
    ("auto_promote", None, 400),
    ("auto_promote", [], 400),
    ("checkpoints", "confirm", 400),
    ("checkpoints", {"confirm": True}, 400),
    ("checkpoints", [1], 400),
    ("checkpoints", [["confirm"]], 400),
    ("checkpoints", ["no-such"], 400),
    ("checkpoints", None, 400),
    ("style", 1, 400),
    ("style", "fancy", 400),
    ("style", {}, 400),
    ("user_context", [], 400),
    ("user_context", "payments", 400),
    ("user_context", 1, 400),
    ("user_context", {"text": "x" * 20_000}, 400),
    ("idempotency_key", 1, 400),
    ("idempotency_key", "", 400),
    ("idempotency_key", "x" * 129, 400),
    ("idempotency_key", ["k"], 400),
    ("prompt", "an unknown field", 400),
]


def test_a_wrong_field_is_named(author_api):
    for field, value, status in BODIES:
        case = field, f"{value!r:.60}"
        reply = author_api.post(URL, {"task_description": TASK, field: value})
        assert reply.status_code == status, (case, reply.content)
        assert {"detail", "code", "errors"} == reply.json().keys(), case
        assert any(place.startswith(field) for place in reply.data["errors"]), case
    assert not Job.objects.exists()


DEEP = "[" * 200 + "]" * 200
RAW = [
    b"",
    b"not json",
    b"[]",
    b"null",
    b'"text"',
    b'{"task_description": NaN}',
    b'{"task_description": "\\u0000 restart billing"}',
    b'{"task_description": "\\ud800 restart billing"}',
    b'{"user_context": {"deep": ' + DEEP.encode() + b"}}",
    b'{"task_description": "one text here", "task_description": "another text"}',
    b'{"user_context": {"number": 1e999}}',
    b'{"user_context": {"number": ' + b"9" * 40 + b"}}",
    b'\xff{"task_description": "restart billing"}',
    b'{"task_description": "restart billing"',
]


def test_a_body_that_is_no_such_json_is_refused(author_api):
    for body in RAW:
        reply = author_api.generic("POST", URL, body, "application/json")
        assert reply.status_code == 400, (body[:60], reply.content)
        assert reply.json()["detail"]
    assert not Job.objects.exists()


def test_a_body_of_another_type_is_refused(author_api):
    body = json.dumps({"task_description": TASK}).encode()
    for media_type in ("text/plain", "text/xml", "application/x-www-form-urlencoded"):
        reply = author_api.generic("POST", URL, body, content_type=media_type)
        assert reply.status_code == 415, media_type
        assert reply.json()["code"] == "unsupported_media_type"


def uploaded(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


FORMS = [
    ("sources", {"sources": uploaded("a.md", b"\x89PNG\r\n\x1a\n\xff\xfe")}, 415),
    ("sources", {"sources": uploaded("a.md", b"text\0text")}, 415),
    ("sources", {"sources": uploaded("a.pdf", b"%PDF-1.7")}, 415),
    ("sources", {"sources": uploaded("a.md", LARGE.encode())}, 413),
    ("sources", {"sources": uploaded("a.md", b"")}, 400),
    ("sources", {"sources": [uploaded(f"{n}.md", b"# A") for n in range(11)]}, 400),
    ("sources", {"sources": "# A"}, 400),
    ("attachment", {"attachment": uploaded("a.md", b"# A")}, 400),
    ("auto_promote", {"auto_promote": "maybe"}, 400),
    ("checkpoints", {"checkpoints": "no-such"}, 400),
    ("user_context", {"user_context": "{not json"}, 400),
    ("user_context", {"user_context": "[]"}, 400),
    ("style", {"style": "a\0b"}, 400),
]


def test_a_wrong_form_is_refused(author_api):
    for field, form, status in FORMS:
        body = {"task_description": TASK, **form}
        reply = author_api.post(URL, body, format="multipart")
        assert reply.status_code == status, (form, reply.content)
        assert any(place.startswith(field) for place in reply.json()["errors"]), form
    assert not Job.objects.exists()


def test_a_form_that_is_cut_off_is_refused(author_api):
    reply = author_api.generic(
        "POST", URL, b"--x\r\nContent-Disposition", "multipart/form-data; boundary=x"
    )

    assert reply.status_code == 400


def test_a_form_without_a_boundary_is_refused(author_api):
    reply = author_api.generic("POST", URL, b"text", "multipart/form-data")

    assert reply.status_code == 400
