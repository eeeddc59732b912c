"""`POST /skills` makes a job, from JSON or from a form."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from jobs import submission
from jobs.models import Job, Worker
from taxonomy.models import Category
from taxonomy.models.category import CategoryManager
from tests.jobs.copied_jobs import SOURCE, TASK

URL = "/api/v1/skills"


def document(name: str = "runbook.md", content: bytes = SOURCE.encode()):
    return SimpleUploadedFile(name, content)


def test_a_submission_is_accepted_and_says_where_its_job_is(author_api):
    reply = author_api.post(URL, {"task_description": TASK})

    assert reply.status_code == 202
    job = Job.objects.get()
    address = f"/api/v1/jobs/{job.pk}"
    assert reply["Location"] == reply.data["url"] == address
    assert reply.data["job_id"] == str(job.pk)
    assert reply.data["status"] == "pending"
    assert author_api.get(address).data["task_description"] == TASK


def test_a_submission_says_that_no_worker_is_alive(author_api):
    answer = author_api.post(URL, {"task_description": TASK}).data

    assert answer["workers_alive"] == 0
    assert "qcluster" in answer["warning"]


def test_with_a_worker_alive_there_is_no_warning(author_api):
    Worker.objects.register()

    answer = author_api.post(URL, {"task_description": TASK}).data

    assert answer["workers_alive"] == 1
    assert "warning" not in answer


def test_every_field_reaches_the_job(author_api):
    body = {
        "task_description": TASK,
        "sources": [{"name": "a.md", "text": "# A"}, {"name": "b.txt", "text": "B"}],
        "intended_taxonomy_path": "operations/monitoring",
        "auto_promote": True,
        "checkpoints": ["confirm", "validate", "confirm"],
        "style": "minimal",
        "user_context": {"team": "payments"},
        "idempotency_key": "once",
    }

    job_id = author_api.post(URL, body).data["job_id"]

    detail = author_api.get(f"/api/v1/jobs/{job_id}").data
    assert detail["intended_taxonomy_path"] == "operations/monitoring"
    assert detail["options"] == {
        "auto_promote": True,
        "checkpoints": ["confirm", "validate"],
        "style": "minimal",
    }
    assert detail["user_context"] == {"team": "payments"}
    assert detail["idempotency_key"] == "once"
    assert detail["sources"] == [
        {"name": "a.md", "media_type": "text/markdown", "characters": 3},
        {"name": "b.txt", "media_type": "text/plain", "characters": 1},
    ]


def test_a_form_with_files_is_the_same_submission(author_api):
    form = {
        "task_description": TASK,
        "sources": [document("a.md", b"# A"), document("b.txt", b"\xef\xbb\xbfB")],
        "intended_taxonomy_path": "operations/monitoring",
        "auto_promote": "true",
        "checkpoints": ["confirm", "preview"],
        "user_context": '{"team": "payments"}',
    }

    reply = author_api.post(URL, form, format="multipart")

    assert reply.status_code == 202, reply.content
    job = Job.objects.get()
    assert list(job.sources.values_list("name", "text")) == [
        ("a.md", "# A"),
        ("b.txt", "B"),
    ]
    assert job.options["auto_promote"] is True
    assert job.options["checkpoints"] == ["confirm", "preview"]
    assert job.user_context == {"team": "payments"}


def test_a_form_may_hold_texts_and_files(author_api):
    form = {
        "task_description": TASK,
        "sources": '[{"name": "a.md", "text": "# A"}]',
        "files": [document("b.md", b"# B")],
    }

    assert author_api.post(URL, form, format="multipart").status_code == 202
    assert [source.name for source in Job.objects.get().sources.all()] == [
        "a.md",
        "b.md",
    ]


def test_the_same_key_gives_the_same_job(author_api):
    body = {"task_description": TASK}

    first = author_api.post(URL, body, headers={"Idempotency-Key": "k1"}).data
    again = author_api.post(URL, {**body, "idempotency_key": "k1"}).data
    other = author_api.post(URL, body, headers={"Idempotency-Key": "k2"}).data

    assert first["job_id"] == again["job_id"] != other["job_id"]
    assert Job.objects.count() == 2


FIRST = {
    "task_description": TASK,
    "sources": [{"name": "a.md", "text": "# A"}],
    "intended_taxonomy_path": "operations/monitoring",
    "idempotency_key": "k1",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("task_description", f"{TASK} Twice."),
        ("auto_promote", True),
        ("checkpoints", ["confirm"]),
        ("style", "minimal"),
        ("user_context", {"team": "payments"}),
        ("intended_taxonomy_path", "operations/deployment"),
        ("sources", [{"name": "a.md", "text": "# B"}]),
        ("sources", [{"name": "b.md", "text": "# A"}]),
        ("sources", []),
    ],
)
def test_a_key_used_again_for_something_else_names_the_difference(
    author_api, field, value
):
    assert author_api.post(URL, FIRST).status_code == 202

    other = author_api.post(URL, {**FIRST, field: value})

    assert (other.status_code, other.data["code"]) == (409, "key_reused")
    assert other.data["errors"] == {
        "idempotency_key": [f"Used before with another {field}."]
    }
    assert field in other.data["detail"]
    assert Job.objects.count() == 1


def test_a_key_used_again_after_its_category_moved_is_the_same_request(author_api):
    first = author_api.post(URL, FIRST).data
    Category.objects.resolve("operations/monitoring").move("operations/observing")

    assert author_api.post(URL, FIRST).data["job_id"] == first["job_id"]


def test_a_key_is_the_persons_own(author_api, other_api):
    body = {"task_description": TASK, "idempotency_key": "k1"}

    mine, theirs = author_api.post(URL, body).data, other_api.post(URL, body).data

    assert mine["job_id"] != theirs["job_id"]


def test_a_key_in_the_header_may_not_contradict_the_body(author_api):
    body = {"task_description": TASK, "idempotency_key": "k1"}

    reply = author_api.post(URL, body, headers={"Idempotency-Key": "k2"})

    assert reply.status_code == 400
    assert "idempotency_key" in reply.data["errors"]


@pytest.fixture
def calls(monkeypatch) -> list[str]:
    """The decodings of sources and look-ups of categories, by name."""
    made: list[str] = []
    decode, named = submission._text_of, CategoryManager.named

    def counted_decode(name, content):
        made.append(name)
        return decode(name, content)

    def counted_named(self, path):
        made.append(path)
        return named(self, path)

    monkeypatch.setattr(submission, "_text_of", counted_decode)
    monkeypatch.setattr(CategoryManager, "named", counted_named)
    return made


@pytest.mark.parametrize("is_form", [True, False], ids=["form", "json"])
def test_a_source_is_read_once_and_its_category_is_looked_up_once(
    author_api, calls, is_form
):
    source = document("a.md") if is_form else {"name": "a.md", "text": SOURCE}
    body = {
        "task_description": TASK,
        "sources": [source],
        "intended_taxonomy_path": "operations/monitoring",
    }

    reply = author_api.post(URL, body, format="multipart" if is_form else "json")

    assert reply.status_code == 202, reply.content
    assert calls == ["a.md", "operations/monitoring"]
