"""The next version of a skill, from feedback to promotion."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from jobs import lifecycle
from jobs.models import Job
from taxonomy.files.gate import File
from taxonomy.models import Skill
from tests.taxonomy.skills import skill_files

BODY = """# Restart the billing service

Use this when the billing service hangs.

## Steps

1. Drain the queue before the restart.
2. Restart the service:

```sh
systemctl restart billing
```

## Warnings

Never restart while a payout runs.
"""
DESCRIPTION = "Restarts the billing service. Use when the billing service hangs."
SCRIPT = File("scripts/drain.sh", b"#!/bin/sh\n", executable=True)
REFINE = "/api/v1/skills/restart-billing/refine"


@pytest.fixture
def skill(seeded: None) -> Skill:
    files = (*skill_files("restart-billing", DESCRIPTION, BODY), SCRIPT)
    return Skill.objects.publish(files, category="operations").skill


@pytest.fixture
def refine(skill: Skill, author_api: APIClient) -> Any:
    def refine(feedback: str, **more: Any) -> Job:
        response = author_api.post(REFINE, {"feedback": feedback, **more}, "json")
        assert response.status_code == 202, response.content
        assert response["Location"] == f"/api/v1/jobs/{response.data['job_id']}"
        return Job.objects.get(pk=response.data["job_id"])

    return refine


def draft_of(api: APIClient, job: Job) -> Any:
    return api.get(f"/api/v1/drafts/{job.pk}").json()


def promote(api: APIClient, job: Job, **body: Any) -> Any:
    return api.post(f"/api/v1/drafts/{job.pk}/promote", body, format="json")


def republish(skill: Skill) -> str:
    files = (*skill_files("restart-billing", DESCRIPTION, f"{BODY}\nMore.\n"), SCRIPT)
    return Skill.objects.publish(files).version.number


def test_feedback_becomes_the_next_version_with_a_diff(
    refine: Any, run_to_end: Any, author_api: APIClient, curator_api: APIClient
) -> None:
    job = refine("add: Tell the person on call first.")
    assert (job.current_phase, job.job_type) == (
        "deep_understanding",
        "skill_refinement",
    )
    run_to_end(job)
    assert job.status == Job.Status.COMPLETED, job.error_stack
    detail = author_api.get(f"/api/v1/jobs/{job.pk}").json()
    assert detail["refines"] == {
        "skill": "restart-billing",
        "version": "1.0.0",
        "current_version": "1.0.0",
    }
    assert detail["result"]["name"] == "restart-billing"

    draft = draft_of(author_api, job)
    (change,) = draft["diff"]
    assert (change["path"], change["change"]) == ("SKILL.md", "changed")
    assert "+Tell the person on call first." in change["text"].splitlines()
    assert "\n-" not in change["text"].split("@@", 1)[1], "nothing was taken away"
    assert [file["path"] for file in draft["files"]] == ["SKILL.md", SCRIPT.path]

    assert promote(author_api, job).status_code == 403
    promoted = promote(curator_api, job)
    assert promoted.json() == {
        "status": "promoted",
        "skill": "restart-billing",
        "path": "operations/restart-billing",
        "version": "1.0.1",
    }
    current = Skill.objects.get(name="restart-billing").current
    assert SCRIPT in current.bundle.files()
    assert draft_of(author_api, job)["diff"] == []


def test_a_skill_that_moved_on_is_not_overwritten_unless_asked(
    refine: Any, run_to_end: Any, skill: Skill, curator_api: APIClient
) -> None:
    job = run_to_end(refine("add: Tell the person on call first."))
    number = republish(skill)
    refused = promote(curator_api, job)
    assert (refused.status_code, refused.json()["code"]) == (409, "skill_moved_on")
    assert "over_newer" in refused.json()["detail"]
    draft = draft_of(curator_api, job)
    assert draft["refines"]["current_version"] == number
    assert "-More." in draft["diff"][0]["text"].splitlines()
    assert draft["status"] == "open"

    went_on = promote(curator_api, job, over_newer=True)
    assert (went_on.status_code, went_on.json()["version"]) == (200, "1.0.2")


def test_free_feedback_becomes_questions_whose_answers_are_added_unchanged(
    refine: Any, run_until_question: Any, author_api: APIClient
) -> None:
    job = run_until_question(
        refine("Make it friendlier.", focus_areas=["Warnings", "Rollback"])
    )
    prompt = author_api.get(f"/api/v1/hitl/{job.pk}/prompt").json()
    questions = prompt["data"]["questions"]
    assert [question["topic"] for question in questions] == [
        "focus: Warnings",
        "focus: Rollback",
        "feedback: Make it friendlier.",
    ]
    assert "Never restart while a payout runs." in questions[0]["rationale"]
    words = ["Ask finance before you start.", "Start the old image.", "Good luck!"]
    answers = {
        question["id"]: text for question, text in zip(questions, words, strict=True)
    }
    lifecycle.answer(
        job, by=job.user, round=job.round, action="proceed", answers=answers
    )
    run_until_question(job)
    assert job.status == Job.Status.COMPLETED, job.error_stack
    body = draft_of(author_api, job)["skill_md"]
    warnings = body.split("## Warnings")[1].split("## ")[0]
    assert "Never restart while a payout runs.\n\nAsk finance" in warnings
    assert "## Rollback\n\nStart the old image." in body
    assert body.rstrip().endswith("Good luck!")
    assert job.result and job.result["unanswered"] == []


def test_unanswered_feedback_changes_nothing_and_is_listed(
    refine: Any, run_until_question: Any, author_api: APIClient
) -> None:
    job = run_until_question(refine("Make it friendlier."))
    lifecycle.answer(job, by=job.user, round=job.round, action="proceed")
    run_until_question(job)
    question = job.questions.open().get()
    assert question.kind == "tdd_green", "the author says that it is stuck"
    assert draft_of(author_api, job)["diff"] == []
    lifecycle.answer(
        job,
        by=job.user,
        round=job.round,
        action="revise",
        feedback="add: Tell the person on call first.",
    )
    run_until_question(job)
    assert job.status == Job.Status.COMPLETED
    assert "Tell the person" in draft_of(author_api, job)["diff"][0]["text"]
    assert "friendlier" in job.result["unanswered"][0]


def test_bad_requests_name_the_field_and_write_nothing(
    skill: Skill, author_api: APIClient
) -> None:
    for wrong, place in (
        ({}, "feedback"),
        ({"feedback": "  "}, "feedback"),
        ({"feedback": 7}, "feedback"),
        ({"feedback": "x" * 10_001}, "feedback"),
        ({"focus_areas": "Steps"}, "focus_areas"),
        ({"focus_areas": ["a"] * 6}, "focus_areas"),
        ({"focus_areas": ["two\nlines"]}, "focus_areas"),
        ({"checkpoints": ["never"]}, "checkpoints"),
        ({"auto_promote": "yes"}, "auto_promote"),
        ({"task_description": "no such field"}, "task_description"),
    ):
        body = wrong if not wrong else {"feedback": "add: x", **wrong}
        response = author_api.post(REFINE, body, format="json")
        assert response.status_code == 400, (wrong, response.content)
        assert place in str(response.json()["errors"]), wrong
    for body in ([], "text", 7, None):
        assert author_api.post(REFINE, body, format="json").status_code == 400, body
    assert author_api.post("/api/v1/skills/nobody/refine", {}).status_code == 404
    skill.archive()
    refused = author_api.post(REFINE, {"feedback": "add: x"}, format="json")
    assert refused.status_code in (404, 409)
    assert not Job.objects.exists()


def test_a_refinement_keeps_the_name(
    refine: Any, run_to_end: Any, curator_api: APIClient, author_api: APIClient
) -> None:
    job = run_to_end(refine("add: Tell the person on call first."))
    refused = promote(curator_api, job, name="another-name")
    assert refused.status_code == 400
    assert "name" in refused.json()["errors"]
    path = f"/api/v1/drafts/{job.pk}/files/SKILL.md"
    renamed = draft_of(author_api, job)["skill_md"].replace(
        "restart-billing", "new-name", 1
    )
    assert author_api.put(path, {"content": renamed}).status_code == 200
    assert promote(curator_api, job).json()["code"] == "not_promotable"
    assert Skill.objects.count() == 1


def test_a_key_used_again_gives_the_same_job_also_after_a_new_version(
    refine: Any, skill: Skill, author_api: APIClient
) -> None:
    job = refine("add: One line.", idempotency_key="k")
    republish(skill)
    assert refine("add: One line.", idempotency_key="k") == job
    other = {"feedback": "add: Another.", "idempotency_key": "k"}
    refused = author_api.post(REFINE, other, format="json").json()
    assert (refused["code"], "feedback" in refused["detail"]) == ("key_reused", True)
    other = {"feedback": "add: One line.", "auto_promote": True, "idempotency_key": "k"}
    refused = author_api.post(REFINE, other, format="json").json()
    assert (refused["code"], "auto_promote" in refused["detail"]) == (
        "key_reused",
        True,
    )
