"""Every kind of question with every answer, at every time and by every person."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.db import transaction
from django.db.models.functions import Now
from rest_framework.test import APIClient

from jobs import lifecycle
from jobs.engine.maintenance import sweep
from jobs.models import Job
from jobs.pipeline.phases import QUESTION_KINDS
from jobs.worker import SkillJobWorker
from taxonomy.models import Skill
from tests.jobs.engine.authors import ScriptedAuthor, StubbornAuthor
from tests.taxonomy.skills import skill_files

ACTIONS = ("proceed", "revise", "cancel")


class Kind(NamedTuple):
    """How a job comes to ask this kind of question; the phase that wrote what the
    question shows; the question after a revision ("": the job completes)."""

    author: Callable[[], ScriptedAuthor]
    revise_to: str
    asked_next: str
    checkpoints: tuple[str, ...] = ()


KINDS = {
    "deep_understanding": Kind(
        lambda: ScriptedAuthor(asks=3), "deep_understanding", "clarify"
    ),
    "clarify": Kind(lambda: ScriptedAuthor(asks=3), "deep_understanding", ""),
    "confirm": Kind(ScriptedAuthor, "deep_understanding", "confirm", ("confirm",)),
    "tdd_red": Kind(ScriptedAuthor, "tdd_red", "tdd_red"),
    "preview": Kind(ScriptedAuthor, "tdd_green", "preview", ("preview",)),
    "tdd_green": Kind(lambda: StubbornAuthor(stuck=True), "tdd_green", "tdd_green"),
    "tdd_refactor": Kind(
        lambda: StubbornAuthor(stuck=False), "tdd_refactor", "tdd_refactor"
    ),
    "validate": Kind(ScriptedAuthor, "tdd_refactor", "validate", ("validate",)),
}
# (when, action) → (HTTP status, code or status in the body, the job's status then)
TABLE: dict[tuple[str, str], tuple[int, str, str]] = {
    ("first", "proceed"): (200, "received", "running"),
    ("first", "revise"): (200, "received", "running"),
    ("first", "cancel"): (200, "received", "cancelled"),
    ("second", "proceed"): (409, "already_answered", "running"),
    ("second", "revise"): (409, "already_answered", "running"),
    ("second", "cancel"): (409, "already_answered", "running"),
    ("late", "proceed"): (409, "wrong_state", "failed"),
    ("late", "revise"): (409, "wrong_state", "failed"),
    ("late", "cancel"): (409, "wrong_state", "failed"),
    ("by another user", "proceed"): (404, "not_found", "pending_hitl"),
    ("by another user", "revise"): (404, "not_found", "pending_hitl"),
    ("by another user", "cancel"): (404, "not_found", "pending_hitl"),
    ("after cancel", "proceed"): (409, "wrong_state", "cancelled"),
    ("after cancel", "revise"): (409, "wrong_state", "cancelled"),
    ("after cancel", "cancel"): (409, "wrong_state", "cancelled"),
    ("after revise", "proceed"): (409, "already_answered", "running"),
    ("at the limit of revisions", "proceed"): (200, "received", "running"),
    ("at the limit of revisions", "revise"): (409, "no_more_revisions", "pending_hitl"),
    ("at the limit of revisions", "cancel"): (200, "received", "cancelled"),
    ("by an operator", "proceed"): (200, "received", "running"),
}


def test_every_kind_of_question_has_its_rows() -> None:
    assert tuple(KINDS) == QUESTION_KINDS
    in_any_case = {(when, action) for when, _ in TABLE for action in ACTIONS}
    assert in_any_case - TABLE.keys() == {
        ("after revise", "revise"),
        ("after revise", "cancel"),
        ("by an operator", "revise"),
        ("by an operator", "cancel"),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_each_answer_gets_what_the_table_says(
    kind: str,
    submit: Any,
    run_until_question: Any,
    author_api: APIClient,
    other_api: APIClient,
    operator_api: APIClient,
    settings: Any,
) -> None:
    worker = SkillJobWorker(KINDS[kind].author())
    job = asking(kind, submit, run_until_question, worker)
    others = {"by another user": other_api, "by an operator": operator_api}
    replies = {}
    for when, action in TABLE:
        with transaction.atomic():
            meanwhile(when, job, author_api, settings)
            client = others.get(when, author_api)
            replies[when, action] = reply(client, job, action)
            if when == "first" and action != "cancel":
                goes_on(kind, action, job, run_until_question, worker)
            transaction.set_rollback(True)
        settings.SKILLFLEET_REVISIONS = 10
        job.refresh_from_db()
    assert replies == TABLE


def asking(kind: str, submit: Any, run_until_question: Any, worker: Any) -> Job:
    if kind == "tdd_red":
        publish_a_duplicate()
    checkpoints = list(KINDS[kind].checkpoints)
    job: Job = run_until_question(submit(options={"checkpoints": checkpoints}), worker)
    if kind == "clarify":
        some = {"purpose": "Restarting."}
        lifecycle.answer(
            job, by=job.user, round=job.round, action="proceed", answers=some
        )
        run_until_question(job, worker)
    question = job.questions.open().get()
    assert (question.kind, question.revise_to) == (kind, KINDS[kind].revise_to)
    return job


def publish_a_duplicate() -> None:
    description = "Restart the billing service. Use when billing hangs."
    files = skill_files(
        "billing-runbook", description, body="systemctl restart billing"
    )
    Skill.objects.publish(files, category="operations")


def meanwhile(when: str, job: Job, client: APIClient, settings: Any) -> None:
    """Do what happens to the question before the answer comes."""
    if when == "second":
        assert reply(client, job, "proceed")[0] == 200
    elif when == "after revise":
        assert reply(client, job, "revise")[0] == 200
    elif when == "after cancel":
        assert client.post(f"/api/v1/jobs/{job.pk}/cancel").status_code == 200
    elif when == "late":
        job.questions.open().update(timeout_at=Now())
        assert sweep().timed_out == 1
    elif when == "at the limit of revisions":
        settings.SKILLFLEET_REVISIONS = 0
        prompt = client.get(f"/api/v1/hitl/{job.pk}/prompt").json()
        assert prompt["data"]["revisions_left"] == 0


def reply(client: APIClient, job: Job, action: str) -> tuple[int, str, str]:
    sent: dict[str, Any] = {"round": job.round, "action": action}
    if action == "revise":
        sent["feedback"] = "Name the person on call."
    response = client.post(f"/api/v1/hitl/{job.pk}/response", sent, format="json")
    body = response.json()
    status = Job.objects.get(pk=job.pk).status
    return response.status_code, body.get("code", body.get("status")), status


def goes_on(
    kind: str, action: str, job: Job, run_until_question: Any, worker: Any
) -> None:
    """After "proceed" the job completes; after "revise" it goes back and asks again."""
    job.refresh_from_db()
    phase = job.questions.order_by("pk").last().phase
    back = KINDS[kind].revise_to
    assert job.current_phase == (back if action == "revise" else phase)
    run_until_question(job, worker)
    expected = KINDS[kind].asked_next if action == "revise" else ""
    open_question = job.questions.open().first()
    assert (open_question.kind if open_question else "") == expected
    assert expected or job.status == Job.Status.COMPLETED, job.error


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_to_a_timed_out_question_is_refused_after_a_retry(
    kind: str, submit: Any, run_until_question: Any, author_api: APIClient
) -> None:
    worker = SkillJobWorker(KINDS[kind].author())
    job = asking(kind, submit, run_until_question, worker)
    stale = {"round": job.round, "action": "proceed"}
    job.questions.open().update(timeout_at=Now())
    assert sweep().timed_out == 1
    lifecycle.retry(job, by=job.user)
    run_until_question(job, worker)
    assert job.questions.open().get().kind == kind
    url = f"/api/v1/hitl/{job.pk}/response"
    assert author_api.post(url, stale, format="json").status_code == 409
    assert reply(author_api, job, "proceed")[0] == 200


def test_the_number_of_revisions_is_limited(
    asking: Job, author_api: APIClient, run_until_question: Any, settings: Any
) -> None:
    settings.SKILLFLEET_REVISIONS = 2
    for remaining in (2, 1):
        prompt = author_api.get(f"/api/v1/hitl/{asking.pk}/prompt").json()
        assert prompt["data"]["revisions_left"] == remaining
        assert reply(author_api, asking, "revise")[0] == 200
        run_until_question(asking)
    assert reply(author_api, asking, "revise")[:2] == (409, "no_more_revisions")
    assert reply(author_api, asking, "proceed")[0] == 200
    assert run_until_question(asking).status == Job.Status.COMPLETED


def test_a_reminder_comes_once_at_half_of_the_time(asking: Job) -> None:
    question = asking.questions.get()
    time_limit = question.timeout_at - question.created_at
    assert abs((question.remind_at - question.created_at) * 2 - time_limit).seconds < 5
    assert sweep().reminded == 0
    asking.questions.update(remind_at=Now())
    assert [sweep().reminded, sweep().reminded] == [1, 0]
    event = asking.history.get(kind="reminded")
    assert event.data["kind"] == "confirm"
    assert event.data["timeout_at"] == question.timeout_at.isoformat()
    asking.refresh_from_db()
    assert asking.status == Job.Status.PENDING_HITL


def test_nobody_is_reminded_when_reminders_are_off(
    submit: Any, run_until_question: Any, settings: Any
) -> None:
    settings.SKILLFLEET_QUESTION_REMINDER = 0
    job = run_until_question(submit(options={"checkpoints": ["confirm"]}))
    assert job.questions.get().remind_at is None


def test_the_job_continues_with_the_draft_edited_at_a_preview(
    submit: Any, run_until_question: Any, author_api: APIClient
) -> None:
    job = run_until_question(submit(options={"checkpoints": ["preview"]}))
    path = f"/api/v1/drafts/{job.pk}/files/SKILL.md"
    text = author_api.get(f"/api/v1/drafts/{job.pk}").json()["skill_md"]
    edited = author_api.put(path, {"content": f"{text}\nTell Kim.\n"}, format="json")
    assert edited.json()["validation_status"] == "passed"
    broken = author_api.put(path, {"content": "Nothing."}, format="json")
    assert broken.json()["validation_status"] == "failed"
    author_api.put(path, {"content": f"{text}\nTell Kim.\n"}, format="json")
    assert reply(author_api, job, "proceed")[0] == 200
    assert author_api.put(path, {"content": "Too late."}).status_code == 409
    assert run_until_question(job).status == Job.Status.COMPLETED
    draft = author_api.get(f"/api/v1/drafts/{job.pk}").json()
    assert draft["skill_md"].rstrip().endswith("Tell Kim.")
    assert draft["validation_status"] == "passed"
