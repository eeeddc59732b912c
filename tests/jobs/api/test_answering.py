"""What a job asks, and which answers the API accepts."""

import pytest

from jobs.models import Question


def prompt_of(api, job):
    return api.get(f"/api/v1/hitl/{job.pk}/prompt").data


def respond(api, job, **answer):
    return api.post(f"/api/v1/hitl/{job.pk}/response", answer)


def proceed(api, job, **answer):
    answer = {"round": prompt_of(api, job)["round"], "action": "proceed", **answer}
    return respond(api, job, **answer)


def test_a_prompt_has_the_shape_that_clients_know(questioning, author_api):
    prompt = prompt_of(author_api, questioning)

    assert prompt.keys() == {"has_prompt", "prompt_type", "round", "timeout_at", "data"}
    assert prompt["has_prompt"] is True
    assert prompt["prompt_type"] == "deep_understanding"
    questions = prompt["data"]["questions"]
    assert 1 <= len(questions) <= 5
    for question in questions:
        assert question["id"]
        assert question["text"]
        assert question["type"] in ("text", "single_choice", "multi_choice")


def test_a_job_that_asks_nothing_has_no_prompt(waiting, author_api):
    assert prompt_of(author_api, waiting) == {"has_prompt": False}


def test_an_answer_is_kept_and_the_job_goes_on(questioning, author_api, author_user):
    questions = prompt_of(author_api, questioning)["data"]["questions"]
    text = next(each["id"] for each in questions if each["type"] == "text")

    reply = proceed(author_api, questioning, answers={text: "Drain, then restart."})

    assert reply.status_code == 200
    assert reply.data == {"status": "received", "job_status": "running"}
    question = questioning.questions.get()
    assert question.response["answers"] == {text: "Drain, then restart."}
    assert question.answered_by == author_user


def test_a_second_answer_is_a_conflict(asking, author_api):
    prompt = prompt_of(author_api, asking)
    answer = {"round": prompt["round"], "action": "proceed"}

    assert respond(author_api, asking, **answer).status_code == 200
    reply = respond(author_api, asking, **answer)

    assert reply.status_code == 409
    assert reply.json()["code"] == "already_answered"


def test_an_answer_to_another_round_is_a_conflict(asking, author_api):
    prompt = prompt_of(author_api, asking)
    for shift in (-1, 1, 2**62):
        reply = proceed(author_api, asking, round=prompt["round"] + shift)
        assert reply.status_code == 409
    assert asking.questions.get().status == "pending"


@pytest.mark.parametrize("state", ["waiting", "drafted"])
def test_an_answer_without_a_question_is_a_conflict(request, author_api, state):
    job = request.getfixturevalue(state)

    assert respond(author_api, job, round=1, action="proceed").status_code == 409


def test_an_answer_after_a_cancel_is_a_conflict(asking, author_api):
    prompt = prompt_of(author_api, asking)
    author_api.post(f"/api/v1/jobs/{asking.pk}/cancel")

    reply = respond(author_api, asking, round=prompt["round"], action="proceed")

    assert reply.status_code == 409


def test_an_answer_may_end_the_job(asking, author_api):
    reply = proceed(author_api, asking, action="cancel")

    assert reply.data == {"status": "received", "job_status": "cancelled"}


def test_an_answer_may_send_the_job_back(asking, author_api, run_until_question):
    before = prompt_of(author_api, asking)

    reply = proceed(author_api, asking, action="revise", feedback="Name the host.")
    assert reply.data["job_status"] == "running"
    run_until_question(asking)

    after = prompt_of(author_api, asking)
    assert after["prompt_type"] == before["prompt_type"]
    assert after["round"] > before["round"]


BAD_ANSWERS = [
    ("round", {"round": None}),
    ("round", {"round": "1"}),
    ("round", {"round": True}),
    ("round", {"round": 1.0}),
    ("round", {"round": [1]}),
    ("action", {"action": None}),
    ("action", {"action": "approve"}),
    ("action", {"action": 1}),
    ("action", {"action": ["proceed"]}),
    ("answers", {"answers": []}),
    ("answers", {"answers": "yes"}),
    ("answers", {"answers": None}),
    ("answers.nobody-asked", {"answers": {"nobody-asked": "text"}}),
    ("feedback", {"feedback": 1}),
    ("feedback", {"feedback": ["text"]}),
    ("feedback", {"feedback": "x" * 10_001}),
    ("feedback", {"action": "revise"}),
    ("feedback", {"action": "revise", "feedback": "  "}),
    ("comment", {"comment": "an unknown field"}),
]


def test_a_wrong_answer_is_refused_and_the_question_stays_open(asking, author_api):
    for place, wrong in BAD_ANSWERS:
        reply = proceed(author_api, asking, **wrong)
        assert reply.status_code == 400, (wrong, reply.content)
        assert place in reply.json()["errors"], wrong
    assert Question.objects.get().status == "pending"


def test_round_and_action_are_required(asking, author_api):
    assert respond(author_api, asking).json()["errors"].keys() == {"round", "action"}


def test_an_answer_of_the_wrong_type_is_named(questioning, author_api):
    questions = prompt_of(author_api, questioning)["data"]["questions"]
    text = next(each["id"] for each in questions if each["type"] == "text")
    for value in (None, 1, True, {"text": "x"}, "x" * 10_001):
        reply = proceed(author_api, questioning, answers={text: value})
        assert reply.status_code == 400, value
        assert f"answers.{text}" in reply.json()["errors"]


def test_a_choice_that_is_not_offered_is_named(asking, author_api):
    for kind in ("single_choice", "multi_choice"):
        offered = {"id": "q", "text": "Which?", "type": kind, "options": ["a", "b"]}
        Question.objects.update(prompt={"questions": [offered]})
        for value in ("not offered", ["not offered"], 1):
            reply = proceed(author_api, asking, answers={"q": value})
            assert reply.status_code == 400, (kind, value)
            assert "answers.q" in reply.json()["errors"]


def test_the_config_says_what_a_client_may_send(viewer_api):
    config = viewer_api.get("/api/v1/hitl/config").data

    assert config["actions"] == ["proceed", "revise", "cancel"]
    assert config["checkpoints"] == ["confirm", "preview", "validate"]
    assert {"deep_understanding", "clarify", "confirm"} < set(config["prompt_types"])
    assert config["timeout_seconds"] == 24 * 3600
    assert config["limits"]["max_sources"] == 10
