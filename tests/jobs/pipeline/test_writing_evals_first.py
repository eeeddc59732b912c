"""Phase tdd_red: the fleet must not pass the evals yet."""

from jobs.authors.base import SkillSummary
from jobs.pipeline.state import Evals
from tests.jobs.pipeline.engine import DESCRIPTION, Job, ScriptedAuthor, skill

SIMILAR = SkillSummary("tidy-logs", DESCRIPTION)
OTHER = SkillSummary("write-mails", "Write mails. Use when people are to be told.")
SIMILAR_TEXT = "Use logrotate /etc/logrotate.conf for it."


def job_beside(*fleet: SkillSummary, text: str = "", **fields) -> Job:
    return Job.new(
        fields.pop("author", None) or ScriptedAuthor(),
        fleet=fleet,
        skill_text=lambda name: text,
        **fields,
    )


def test_evals_that_the_fleet_does_not_pass_ask_nobody():
    assert job_beside(OTHER).run_through().asks == []


def test_an_active_skill_that_passes_them_is_named_and_a_person_decides():
    job = job_beside(OTHER, SIMILAR, text=SIMILAR_TEXT)
    ask = job.until_asked()
    assert ask.kind == "tdd_red"
    assert ask.prompt["duplicate_of"] == "tidy-logs"
    assert "tidy-logs" in ask.prompt["message"]
    assert ask.prompt["positives"] == ["rotate log files when disks fill up"]


def test_the_evals_are_kept_before_the_question_and_not_written_again_after_it():
    job = job_beside(SIMILAR)
    job.until_asked()
    assert job.state.evals.duplicate_of == "tidy-logs"
    job.step()
    job.answer()
    assert job.until_asked() is None
    assert job.context.author.calls["evals"] == 1


def test_a_duplicate_that_was_agreed_to_may_take_the_prompts():
    job = job_beside(SIMILAR).run_through()
    assert job.kinds == ["tdd_red"]
    assert job.state.verdict.failures == ()


def test_sent_back_the_evals_are_written_again_with_the_feedback():
    job = job_beside(SIMILAR)
    job.until_asked()
    job.context.author.evals_of = Evals(("rotate nginx logs with logrotate",))
    job.answer("revise", feedback="Only for nginx.")
    job.until_asked()
    assert job.context.author.calls["evals"] == 2
    assert job.context.author.seen[-2].feedback[-1] == "Only for nginx."
    assert job.state.evals.duplicate_of == ""


def test_a_skill_whose_text_holds_few_of_the_facts_is_no_duplicate():
    assert job_beside(SIMILAR, text="Nothing of the kind.").run_through().asks == []


def test_a_skill_that_takes_only_some_of_the_prompts_is_no_duplicate():
    author = ScriptedAuthor(
        drafts=[skill("Rotate log files and compress archives with zstd.")],
        evals_of=Evals(
            ("rotate log files when disks fill up", "compress archives with zstd")
        ),
    )
    assert "tdd_red" not in job_beside(SIMILAR, author=author).run_through().kinds


def test_the_skill_that_is_refined_is_no_duplicate_of_itself():
    from jobs.authors.base import SourceDocument

    source = SourceDocument("SKILL.md", "text/markdown", skill()[0].content.decode())
    own = SkillSummary("rotate-logs", DESCRIPTION)
    job = Job.new(ScriptedAuthor(), "skill_refinement", fleet=(own,), sources=(source,))
    assert job.run_through().asks == []
