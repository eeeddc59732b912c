"""A request, an import and a job pass through few files."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from rest_framework.test import APIClient

from jobs.models import Draft, Job
from jobs.tasks import process_skill_job
from tests.jobs.copied_jobs import SOURCE, TASK
from tests.taxonomy.skills import skill_files
from tests.walks import DEPTH, Walk, calls_with, every_call, holds, walked

FILES_OF_A_CACHED_GET = 9
FILES_OF_AN_IMPORTED_SKILL = 18
FILES_OF_A_SUBMITTED_SOURCE = 22
MOST_PHASES = 20

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def author(django_user_model, seeded) -> APIClient:
    client = APIClient()
    client.force_authenticate(django_user_model.objects.create_superuser("ada"))
    return client


def test_a_cached_get_passes_few_files_of_the_cache(author):
    address = "/api/v1/taxonomy/operations"
    assert [author.get(address)["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    walk = Walk(every_call, "cachelayer")

    with walked(walk):
        answer = author.get(address)

    assert answer["X-Cache"] == "HIT"
    assert 0 < len(walk) <= FILES_OF_A_CACHED_GET, list(walk)


def test_an_imported_skill_passes_few_files_before_the_scan(seeded, tmp_path):
    for name in ("first-tools", "pdf-tools"):
        (tmp_path / name / name).mkdir(parents=True)
        for file in skill_files(name):
            (tmp_path / name / name / file.path).write_bytes(file.content)
    call_command("import_skills", str(tmp_path / "first-tools"))  # imports modules
    walk = Walk(every_call)

    with walked(walk):
        call_command("import_skills", str(tmp_path / "pdf-tools"))

    files = walk.before("taxonomy/scan/rules/")
    assert len(files) < len(walk)
    assert len(files) <= FILES_OF_AN_IMPORTED_SKILL, "\n".join(files)


def test_a_submitted_source_passes_few_files_to_the_stored_draft(author):
    walk = Walk(calls_with("billingctl drain"))
    upload = SimpleUploadedFile("runbook.md", SOURCE.encode())
    submission = {"task_description": TASK, "sources": [upload]}

    with walked(walk):
        reply = author.post("/api/v1/skills", submission, format="multipart")
    job = Job.objects.get(pk=reply.data["job_id"])
    for _ in range(MOST_PHASES):
        with walked(walk):
            process_skill_job(str(job.pk))
        if Draft.objects.filter(job=job).exists():
            break

    draft = author.get(f"/api/v1/drafts/{job.pk}").data
    assert "billingctl drain" in draft["skill_md"]
    assert len(walk) <= FILES_OF_A_SUBMITTED_SOURCE, list(walk)


@pytest.mark.parametrize(
    ("value", "expected"),
    [({"a": ["x", ("hay needle",)]}, True), ({"a": ["x", ("hay",)]}, False)],
)
def test_a_text_is_found_in_nested_values(value, expected):
    assert holds(value, "needle", DEPTH) == expected
