"""The main path through the API: submit, answer, read the draft, promote."""

import pytest

from jobs.models import Job
from tests.jobs.copied_jobs import SOURCE, TASK


@pytest.fixture
def submitted(author_api) -> Job:
    body = {
        "task_description": TASK,
        "sources": [{"name": "runbook.md", "text": SOURCE}],
        "intended_taxonomy_path": "operations/monitoring",
        "checkpoints": ["confirm"],
    }
    reply = author_api.post("/api/v1/skills", body)
    assert reply.status_code == 202, reply.content
    return Job.objects.get(pk=reply.data["job_id"])


def test_a_job_goes_from_submission_to_a_promoted_skill(
    submitted, author_api, curator_api, run_until_question
):
    job_id = submitted.pk
    while (job := run_until_question(submitted)).status == "pending_hitl":
        prompt = author_api.get(f"/api/v1/hitl/{job_id}/prompt").data
        assert prompt["has_prompt"]
        assert {"prompt_type", "round", "timeout_at", "data"} < prompt.keys()
        answer = {"round": prompt["round"], "action": "proceed"}
        reply = author_api.post(f"/api/v1/hitl/{job_id}/response", answer)
        assert reply.data == {"status": "received", "job_status": "running"}

    assert job.status == "completed", job.error_stack
    assert author_api.get(f"/api/v1/hitl/{job_id}/prompt").data == {"has_prompt": False}
    status = author_api.get(f"/api/v1/jobs/{job_id}/status").data
    assert status["progress_percent"] == 100
    draft = author_api.get(f"/api/v1/drafts/{job_id}").data
    assert "systemctl restart billing" in draft["skill_md"]
    reply = curator_api.post(f"/api/v1/drafts/{job_id}/promote", {})
    assert reply.status_code == 200, reply.content
    assert reply.data == {
        "status": "promoted",
        "skill": draft["name"],
        "path": f"operations/monitoring/{draft['name']}",
        "version": "1.0.0",
    }
    assert author_api.get(f"/api/v1/skills/{draft['name']}").status_code == 200
    detail = author_api.get(f"/api/v1/jobs/{job_id}").data
    assert detail["promoted"]
    assert detail["final_path"] == reply.data["path"]
