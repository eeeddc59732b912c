"""Phase validate: the job ends with a verdict, good or bad."""

from dataclasses import replace

from taxonomy.files.gate import File
from tests.jobs.pipeline.engine import BODY, Job, ScriptedAuthor, skill

VALIDATE = frozenset({"validate"})
BROKEN = (File("SKILL.md", b"---\nname: Rotate Logs\n---\n\nNo description."),)


def test_the_verdict_carries_status_score_and_report():
    verdict = Job.new(ScriptedAuthor()).run_through().state.verdict
    assert verdict.passed
    assert 0 < verdict.score <= 1
    assert verdict.report["status"] == verdict.status == "passed"


def test_a_job_with_a_failing_draft_completes():
    job = Job.new(ScriptedAuthor(drafts=[BROKEN])).run_through()
    assert job.ended and not job.stopped
    assert job.state.verdict.status == "failed"
    assert not job.state.verdict.passed


def test_the_validate_checkpoint_shows_draft_and_report():
    job = Job.new(ScriptedAuthor(), checkpoints=VALIDATE)
    ask = job.until_asked()
    assert (ask.kind, ask.revise_to) == ("validate", "tdd_refactor")
    assert ask.prompt["validation_status"] == "passed"
    assert ask.prompt["validation"]["score"] > 0.5
    job.answer()
    assert job.until_asked() is None


def test_sent_back_the_draft_is_revised_validated_and_shown_again():
    better = skill(body=f"{BODY}\n\nBetter.")
    job = Job.new(ScriptedAuthor(drafts=[skill(), better]), checkpoints=VALIDATE)
    job.until_asked()
    job.answer("revise", feedback="Make it better.")
    assert job.until_asked().kind == "validate"
    assert job.context.draft == better
    assert job.context.author.seen[-1].feedback == ("Make it better.",)
    job.answer()
    assert job.until_asked() is None
    assert job.context.author.calls["revise"] == 1


def test_feedback_that_cannot_be_followed_is_reported():
    job = Job.new(ScriptedAuthor(), checkpoints=VALIDATE)
    job.until_asked()
    job.answer("revise", feedback="Make it better.")
    job.run_through()
    assert job.kinds == ["validate", "tdd_refactor", "validate"]


def test_an_edit_before_the_answer_is_what_is_validated():
    job = Job.new(ScriptedAuthor(), checkpoints=VALIDATE)
    job.until_asked()
    job.context = replace(job.context, draft=BROKEN)
    job.answer()
    job.until_asked()
    assert job.state.verdict.status == "failed"


def test_a_refined_skill_must_keep_its_name():
    from jobs.authors.base import SourceDocument

    source = SourceDocument("SKILL.md", "text/markdown", skill()[0].content.decode())
    renamed = skill()[0].content.replace(b"rotate-logs", b"tidy-logs")
    author = ScriptedAuthor(drafts=[(File("SKILL.md", renamed),)])
    job = Job.new(author, "skill_refinement", sources=(source,)).run_through()
    assert job.state.verdict.status == "failed"
