"""Phase tdd_refactor: at most three rounds, each saved; then a person decides."""

from tests.jobs.pipeline.engine import BODY, Job, ScriptedAuthor, skill


def wrong(number: int):
    return skill(description=f"Something else, try {number}.")


def test_failures_are_closed_in_rounds_that_are_each_kept():
    drafts = [wrong(1), wrong(2), wrong(3), wrong(4), skill()]
    job = Job.new(ScriptedAuthor(drafts=drafts))
    assert job.until_asked() is None
    rounds = [round for phase, round in job.trail if phase == "tdd_refactor"]
    assert rounds == [2, 3, 4]
    assert job.state.refactoring.attempts == 3
    assert job.context.author.calls["revise"] == 4  # one in tdd_green comes before


def test_after_three_rounds_a_person_is_asked_and_nothing_is_tried_again():
    job = Job.new(ScriptedAuthor(drafts=[wrong(n) for n in range(9)]))
    ask = job.until_asked()
    assert (ask.kind, ask.revise_to) == ("tdd_refactor", "tdd_refactor")
    assert job.context.author.calls["revise"] == 4
    job.step()
    assert job.context.author.calls["revise"] == 4
    job.answer()
    assert job.until_asked() is None
    assert job.context.author.calls["revise"] == 4
    assert job.state.refactoring.failures


def test_a_stuck_author_leads_to_the_question_at_once():
    job = Job.new(ScriptedAuthor(drafts=[wrong(1), wrong(2), None]))
    assert job.until_asked().kind == "tdd_refactor"
    assert job.context.author.calls["revise"] == 2


def test_sent_back_with_feedback_there_are_new_rounds():
    job = Job.new(ScriptedAuthor(drafts=[wrong(1), wrong(2), None]))
    job.until_asked()
    job.context.author.drafts = [wrong(3), skill()]
    job.answer("revise", feedback="Say log files.")
    assert job.until_asked() is None
    fed = [assignment.feedback for assignment in job.context.author.seen[-2:]]
    assert fed == [("Say log files.",), ()]
    assert job.state.refactoring.attempts == 2


def test_without_failures_it_changes_nothing():
    author = ScriptedAuthor(drafts=[skill(body=BODY)])
    Job.new(author).run_through()
    assert author.calls["revise"] == 0
