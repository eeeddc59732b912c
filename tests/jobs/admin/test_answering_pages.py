"""The form for the question of a job calls the same methods as the API."""

import pytest

from jobs import lifecycle
from jobs.models import Question


def page_of(job):
    return f"/admin/jobs/job/{job.pk}/do/answer/"


def reply(job, action="proceed", feedback="", **answers):
    fields = {f"answers.{key}": value for key, value in answers.items()}
    return {"round": job.round, "action": action, "feedback": feedback, **fields}


def ask(job, *items, **prompt):
    """Replace the open question of the job by these."""
    question = job.questions.get()
    question.prompt = {"message": "Which?", "questions": list(items), **prompt}
    question.save()


CHOICES = {"id": "term", "text": "Shell?", "type": "single_choice"}
MANY = {"id": "hosts", "text": "Hosts?", "type": "multi_choice"}
OPTIONS = {"options": ["bash", "fish"]}


def test_the_page_asks_each_question(author, questioning):
    page = author.get(page_of(questioning))
    questions = questioning.questions.get().prompt["questions"]

    assert page.status_code == 200
    assert questions
    for item in questions:
        assert f"answers.{item['id']}" in page.context["form"].fields


def test_an_answer_sends_the_job_on(author, questioning, author_user):
    first = questioning.questions.get().prompt["questions"][0]["id"]
    sent = reply(questioning, **{first: "Run billingctl."})

    response = author.post(page_of(questioning), sent)

    question = questioning.questions.get()
    questioning.refresh_from_db()
    assert response.status_code == 302
    assert questioning.status == "running"
    assert question.response["answers"] == {first: "Run billingctl."}
    assert question.answered_by == author_user


def test_revising_needs_feedback(author, confirming):
    page = author.post(page_of(confirming), reply(confirming, "revise"))

    assert page.status_code == 200
    assert page.context["form"].errors["feedback"] == ["Say what should be different."]
    assert confirming.questions.get().status == Question.Status.PENDING


def test_revising_goes_back_to_the_phase_that_wrote(author, confirming):
    author.post(page_of(confirming), reply(confirming, "revise", "Other trigger."))

    confirming.refresh_from_db()
    assert confirming.status == "running"
    assert confirming.current_phase == "deep_understanding"


def test_cancel_ends_the_job(author, questioning):
    author.post(page_of(questioning), reply(questioning, "cancel"))

    questioning.refresh_from_db()
    assert questioning.status == "cancelled"


@pytest.mark.parametrize("action", ["", "explode"])
def test_an_unknown_action_is_a_field_error(action, author, questioning):
    page = author.post(page_of(questioning), reply(questioning, action))

    assert page.status_code == 200
    assert "action" in page.context["form"].errors


@pytest.mark.parametrize("round", ["", "one", "999"])
def test_another_round_is_refused(round, author, questioning):
    page = author.post(page_of(questioning), {**reply(questioning), "round": round})

    assert page.status_code == 200
    assert page.context["form"].errors


def test_choices_are_radios_and_checkboxes(author, questioning):
    ask(questioning, CHOICES | OPTIONS, MANY | OPTIONS)

    page = author.get(page_of(questioning)).content.decode()

    assert 'type="radio" name="answers.term" value="fish"' in page
    assert 'type="checkbox" name="answers.hosts" value="bash"' in page


def test_choices_are_stored_as_by_the_api(author, questioning):
    ask(questioning, CHOICES | OPTIONS, MANY | OPTIONS)
    sent = reply(questioning, term="fish", hosts=["bash", "fish"])

    assert author.post(page_of(questioning), sent).status_code == 302

    answers = questioning.questions.get().response["answers"]
    assert answers == {"term": "fish", "hosts": ["bash", "fish"]}


def test_a_choice_that_is_not_offered_is_a_field_error(author, questioning):
    ask(questioning, CHOICES | OPTIONS, MANY | OPTIONS)
    sent = reply(questioning, term="zsh", hosts=["zsh"])

    page = author.post(page_of(questioning), sent)

    assert {"answers.term", "answers.hosts"} <= set(page.context["form"].errors)


def test_what_a_job_shows_is_never_html(author, questioning):
    evil = "<script>alert(1)</script>"
    item = {"id": evil, "text": evil, "rationale": evil, "type": "single_choice"}
    ask(
        questioning,
        item | {"options": [evil]},
        message=evil,
        revision_hint=evil,
        found={evil: evil},
        files=[{"path": evil, "text": evil}],
        failures=[{"kind": evil, "text": evil, "reason": evil}],
    )

    for path in (page_of(questioning), f"/admin/jobs/job/{questioning.pk}/change/"):
        assert evil not in author.get(path).content.decode()


def test_a_question_answered_meanwhile_says_so(author, confirming, author_user):
    sent = reply(confirming)
    lifecycle.answer(
        confirming, by=author_user, round=confirming.round, action="proceed"
    )

    page = author.post(page_of(confirming), sent, follow=True)

    assert page.status_code == 200
    assert "Answer: not in this state." in page.content.decode()


def test_the_answer_button_is_shown_while_a_question_is_open(author, confirming):
    def buttons():
        page = author.get(f"/admin/jobs/job/{confirming.pk}/change/")
        return [button["title"] for button in page.context["actions_detail"]]

    assert buttons() == ["Answer", "Cancel job"]
    author.post(page_of(confirming), reply(confirming, "cancel"))
    assert buttons() == []
