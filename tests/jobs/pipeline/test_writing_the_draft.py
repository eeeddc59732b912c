"""Phase tdd_green: the draft, its evals, preview, and an author that is stuck."""

from dataclasses import replace

from taxonomy.files.gate import File
from tests.jobs.pipeline.engine import BODY, DESCRIPTION, Job, ScriptedAuthor, skill

WRONG = skill(description="Something else entirely.")
FACTLESS = skill(body="# Rotate logs\n\nThere are no commands.")
PREVIEW = frozenset({"preview"})


def job_with(*drafts, **fields) -> Job:
    return Job.new(ScriptedAuthor(drafts=list(drafts)), **fields)


def test_a_draft_that_fails_is_revised_once_with_what_fails():
    job = job_with(WRONG, skill())
    assert job.until_asked() is None
    author = job.context.author
    assert author.calls["write"] == author.calls["revise"] == 1
    assert [f.kind for f in author.failures[0]] == ["positive"]
    assert job.state.drafting.attempts == 2
    assert job.context.draft == skill()


def test_a_missing_fact_fails():
    job = job_with(FACTLESS, skill()).run_through()
    failure = job.context.author.failures[0][0]
    assert (failure.kind, failure.text) == ("fact", "logrotate /etc/logrotate.conf")


def test_a_fact_may_stand_in_a_reference():
    reference = File("references/more.md", b"Run `logrotate\n/etc/logrotate.conf`.")
    assert job_with((*FACTLESS, reference)).run_through().asks == []


def test_a_fact_may_stand_in_a_quotation():
    quoted = skill(body="# Rotate logs\n\n> Run `logrotate\n> /etc/logrotate.conf`.")
    assert job_with(quoted).run_through().asks == []


def test_a_draft_that_takes_near_misses_fails():
    greedy = skill(f"{DESCRIPTION} Write a poem about files.")
    job = job_with(greedy, skill()).run_through()
    assert [f.kind for f in job.context.author.failures[0]] == ["near_miss"]


def test_a_draft_that_cannot_be_read_fails_and_is_no_crash():
    broken = (File("SKILL.md", b"no frontmatter \xff"),)
    job = job_with(broken, skill()).run_through()
    assert [f.kind for f in job.context.author.failures[0]] == ["specification"]


def test_a_draft_without_a_description_fails_the_specification():
    job = job_with(skill(description=" "), skill()).run_through()
    assert job.context.author.failures[0][0].kind == "specification"


def test_a_stuck_author_brings_a_question_with_draft_failures_and_hint():
    job = job_with(WRONG)
    ask = job.until_asked()
    assert ask.kind == "tdd_green"
    assert ask.prompt["files"][0]["path"] == "SKILL.md"
    assert ask.prompt["failures"][0]["kind"] == "positive"
    assert ask.prompt["revision_hint"] == "Say it simply."
    assert job.context.author.calls["revise"] == 1
    job.step()
    assert job.context.author.calls["revise"] == 1


def test_an_unchanged_draft_means_stuck_too():
    assert job_with(WRONG, WRONG).until_asked().kind == "tdd_green"


def test_going_on_with_failures_is_asked_once_and_the_verdict_tells():
    job = job_with(WRONG).run_through()
    assert job.kinds == ["tdd_green"]
    assert job.state.verdict.status == "warnings"
    assert job.state.verdict.failures[0].kind == "positive"


def test_sent_back_with_feedback_the_author_revises_with_it():
    job = job_with(WRONG)
    job.until_asked()
    job.context.author.drafts = [skill()]
    job.answer("revise", feedback="Name the log files.")
    assert job.until_asked() is None
    assert job.context.author.seen[-1].feedback == ("Name the log files.",)
    assert job.context.draft == skill()


def test_the_preview_checkpoint_shows_the_draft_and_writes_it_once():
    job = job_with(skill(), checkpoints=PREVIEW)
    ask = job.until_asked()
    assert (ask.kind, ask.revise_to) == ("preview", "tdd_green")
    assert BODY in ask.prompt["files"][0]["text"]
    assert ask.prompt["failures"] == []
    job.answer()
    assert job.until_asked() is None
    assert job.context.author.calls["write"] == 1


def test_sent_back_at_preview_it_is_revised_and_shown_again():
    better = skill(body=f"{BODY}\n\nBetter.")
    job = job_with(skill(), better, checkpoints=PREVIEW)
    job.until_asked()
    job.answer("revise", feedback="Make it better.")
    assert job.until_asked().kind == "preview"
    assert job.context.draft == better
    job.answer()
    assert job.until_asked() is None


def test_feedback_that_changes_nothing_is_told_instead_of_dropped():
    job = job_with(skill(), checkpoints=PREVIEW)
    job.until_asked()
    job.answer("revise", feedback="Make it better.")
    assert job.until_asked().kind == "tdd_green"
    job.answer()
    assert job.until_asked() is None


def test_a_draft_that_was_edited_is_validated_as_it_is():
    job = job_with(WRONG)
    job.until_asked()
    job.context = replace(job.context, draft=skill())
    job.answer()
    assert job.until_asked() is None
    assert job.state.verdict.failures == ()
    assert job.context.draft == skill()
