"""Phase deep_understanding: readiness, questions, follow-up, confirmation."""

import pytest

from jobs.authors.base import Findings
from jobs.pipeline.state import TOPICS, Question
from tests.jobs.pipeline.engine import Job, ScriptedAuthor


def unclear(*missing: str, **fields) -> Job:
    topics = tuple(topic for topic in TOPICS if topic not in missing)
    return Job.new(ScriptedAuthor(topics), **fields)


def test_four_of_five_topics_are_enough():
    job = unclear("examples").run_through()
    assert job.asks == []
    assert job.state.understanding.readiness == 0.8


def test_below_that_the_missing_topics_are_asked_and_no_others():
    job = unclear("steps", "examples")
    ask = job.until_asked()
    assert ask.kind == "deep_understanding"
    assert [q["id"] for q in ask.prompt["questions"]] == ["steps", "examples"]
    assert ask.prompt["questions"][0] == {
        "id": "steps",
        "text": "What of steps?",
        "type": "text",
        "topic": "steps",
    }
    assert ask.prompt["readiness"] == 0.6


def test_what_was_read_is_kept_before_anyone_is_asked():
    job = unclear("steps", "examples")
    job.until_asked()
    assert job.trail[-2:] == [("deep_understanding", 1), ("deep_understanding", 2)]
    assert job.context.author.calls["questions"] == 1
    job.step()  # as after a crash: the material is not read a second time
    assert job.context.author.calls["questions"] == 1


def test_an_answer_makes_the_job_ready_and_reaches_the_author():
    job = unclear("steps", "examples")
    job.until_asked()
    job.answer(answers={"steps": "Run logrotate.", "examples": ""})
    assert job.until_asked() is None
    understanding = job.state.understanding
    assert understanding.readiness == 0.8
    assert understanding.found["steps"] == "Run logrotate."
    assert understanding.unanswered == ("What of examples?",)
    assert job.state.unanswered == ("What of examples?",)
    assert job.context.author.seen[-1].answer("steps") == "Run logrotate."


def test_too_few_answers_bring_one_follow_up_and_no_second():
    job = unclear("trigger", "steps", "constraints", "examples")
    job.until_asked()
    job.answer(answers={"steps": "Run it."})
    follow_up = job.until_asked()
    assert follow_up.kind == "clarify"
    question_ids = [question["id"] for question in follow_up.prompt["questions"]]
    assert question_ids == ["trigger", "constraints", "examples"]
    job.answer(answers={"trigger": "When disks are full."})
    assert job.until_asked() is None
    assert job.kinds == ["deep_understanding", "clarify"]
    assert job.state.understanding.readiness == pytest.approx(0.6)
    assert job.state.unanswered == ("What of constraints?", "What of examples?")


def test_proceeding_without_answers_ends_the_questions():
    job = unclear("steps", "examples").run_through()
    assert job.kinds == ["deep_understanding"]
    assert job.state.unanswered == ("What of steps?", "What of examples?")


def test_sent_back_with_feedback_it_reads_again_and_asks_once_more():
    job = unclear("steps", "examples")
    job.until_asked()
    job.answer("revise", feedback="Ask me about steps only.")
    assert job.until_asked().kind == "clarify"
    assert job.context.author.seen[-1].feedback == ("Ask me about steps only.",)
    assert job.context.author.calls["questions"] == 2


def test_choices_of_several_kinds_count_as_answers():
    job = unclear("trigger", "steps", "examples")
    job.until_asked()
    job.answer(answers={"trigger": ["a", "b"], "steps": 3, "examples": None})
    assert job.until_asked() is None
    answers = {each.topic: each.text for each in job.context.author.seen[-1].answers}
    assert answers == {"trigger": "a, b", "steps": "3"}


def test_never_more_than_five_questions_and_each_as_the_api_shows_it():
    class Curious(ScriptedAuthor):
        def questions(self, assignment):
            return Findings(
                {},
                tuple(
                    Question(str(n), f"{n}?", "single_choice", ("a", "b"), "why")
                    for n in range(9)
                ),
            )

    questions = Job.new(Curious()).until_asked().prompt["questions"]
    assert len(questions) == 5
    assert questions[0] == {
        "id": "0",
        "text": "0?",
        "type": "single_choice",
        "options": ["a", "b"],
        "rationale": "why",
    }


CONFIRM = frozenset({"confirm"})


def test_the_confirm_checkpoint_shows_the_brief_and_lets_go_on():
    job = Job.new(ScriptedAuthor(), checkpoints=CONFIRM)
    ask = job.until_asked()
    assert ask.kind == "confirm"
    assert ask.revise_to == "deep_understanding"
    assert ask.prompt["questions"] == []
    assert ask.prompt["brief"]["name"] == "rotate-logs"
    job.answer()
    assert job.until_asked() is None
    assert job.context.author.calls["questions"] == 1


def test_sent_back_at_confirm_it_is_read_again_and_confirmed_again():
    job = Job.new(ScriptedAuthor(), checkpoints=CONFIRM)
    job.until_asked()
    job.answer("revise", feedback="It is for servers only.")
    assert job.until_asked().kind == "confirm"
    assert job.context.author.seen[-1].feedback == ("It is for servers only.",)
    job.answer()
    assert job.until_asked() is None
    assert job.context.author.calls["questions"] == 2


def test_questions_come_before_confirmation():
    job = unclear("steps", "examples", checkpoints=CONFIRM).run_through()
    assert job.kinds == ["deep_understanding", "confirm"]
