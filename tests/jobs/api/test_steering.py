"""Cancelling and retrying jobs, and a job that failed by a fault of its author."""

import pytest

from jobs.authors.template import TemplateAuthor
from jobs.models import Job
from jobs.worker import SkillJobWorker


class Faulty(TemplateAuthor):
    """An author whose first call raises."""

    def refine(self, assignment):
        raise RuntimeError("the pen is empty")


@pytest.fixture
def failed(waiting, run_until_question) -> Job:
    return run_until_question(waiting, SkillJobWorker(author=Faulty()))


def act(api, job, verb, body=None):
    return api.post(f"/api/v1/jobs/{job.pk}/{verb}", body)


def test_an_authors_fault_fails_the_job_and_is_shown(failed, author_api):
    status = author_api.get(f"/api/v1/jobs/{failed.pk}/status").data
    detail = author_api.get(f"/api/v1/jobs/{failed.pk}").data

    assert status["status"] == "failed"
    assert status["error"] == "RuntimeError: the pen is empty"
    assert "the pen is empty" in detail["error_stack"]
    assert detail["completed_at"]


def test_a_retried_job_goes_on_to_its_end(failed, author_api, run_to_end):
    reply = act(author_api, failed, "retry")

    assert reply.status_code == 200
    assert reply.data["status"] == "pending"
    assert reply.data["error"] is None
    assert run_to_end(failed).status == "completed"


def test_a_cancelled_job_stays_cancelled(waiting, author_api):
    reply = act(author_api, waiting, "cancel")

    assert reply.status_code == 200
    assert reply.data["status"] == "cancelled"
    assert reply.data["completed_at"]
    assert not SkillJobWorker().process_job(waiting)


def test_a_cancelled_jobs_question_is_withdrawn(asking, author_api):
    act(author_api, asking, "cancel")

    assert asking.questions.get().status == "withdrawn"
    assert author_api.get(f"/api/v1/hitl/{asking.pk}/prompt").data == {
        "has_prompt": False
    }


@pytest.mark.parametrize(
    ("state", "verb"),
    [
        ("drafted", "cancel"),
        ("failed", "cancel"),
        ("drafted", "retry"),
        ("waiting", "retry"),
        ("asking", "retry"),
    ],
)
def test_a_verb_in_the_wrong_state_is_a_conflict(request, author_api, state, verb):
    job = request.getfixturevalue(state)
    before = job.status

    reply = act(author_api, job, verb)

    assert reply.status_code == 409
    assert reply.json()["code"] == "wrong_state"
    job.refresh_from_db()
    assert job.status == before


def test_cancelling_twice_is_a_conflict(waiting, author_api):
    assert act(author_api, waiting, "cancel").status_code == 200
    assert act(author_api, waiting, "cancel").status_code == 409


@pytest.mark.parametrize("verb", ["cancel", "retry"])
@pytest.mark.parametrize("body", [[], "text", 1, {"reason": "none is taken"}])
def test_a_verb_takes_no_words(waiting, author_api, verb, body):
    assert act(author_api, waiting, verb, body).status_code == 400
