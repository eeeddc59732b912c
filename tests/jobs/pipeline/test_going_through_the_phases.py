"""A job without questions, and the output of each phase."""

from jobs.pipeline.phases import PHASES, PROGRESS, QUESTION_KINDS
from tests.jobs.pipeline.engine import Job, ScriptedAuthor, skill


def test_a_job_goes_through_all_phases_in_order_and_asks_nobody():
    job = Job.new(ScriptedAuthor()).run_through()
    assert [phase for phase, _ in job.trail] == list(PHASES)
    assert job.asks == []
    assert job.state.verdict.status == "passed"


def test_every_phase_leaves_its_output_and_the_draft_travels_beside_it():
    job = Job.new(ScriptedAuthor()).run_through()
    state = job.state
    assert state.brief.name == "rotate-logs"
    assert state.understanding.readiness == 1.0
    assert state.evals.positives == ("rotate log files when disks fill up",)
    assert state.drafting.failures == ()
    assert state.refactoring.attempts == 0
    assert state.verdict.score > 0.5
    assert job.context.draft == skill()


def test_the_author_is_asked_for_each_thing_once():
    author = ScriptedAuthor()
    Job.new(author).run_through()
    assert author.calls == {"refine": 1, "questions": 1, "evals": 1, "write": 1}


def test_a_refinement_starts_with_reading_and_keeps_the_name_of_the_skill():
    author = ScriptedAuthor()
    source = skill()[0].content.decode()
    job = Job.new(
        author,
        "skill_refinement",
        sources=(source_named("SKILL.md", source),),
        user_context={"feedback": "Say which distributions have logrotate."},
    )
    job.run_through()
    assert job.trail[0] == ("deep_understanding", 1)
    assert author.seen[0].brief.name == "rotate-logs"
    assert author.seen[0].feedback == ("Say which distributions have logrotate.",)
    assert author.calls["refine"] == 0


def test_a_phase_that_runs_twice_comes_to_the_same_outcome():
    from jobs.pipeline.phases import run

    job = Job.new(ScriptedAuthor(drafts=[skill(), skill()]))
    while not job.ended:
        context = job.context
        first = run(context)
        job.context = context
        if context.phase == "tdd_green":
            job.context.author.drafts = [skill()]
        assert job.step() == first


def test_progress_rises_from_phase_to_phase_and_is_reported():
    reports = []
    Job.new(
        ScriptedAuthor(), report_progress=lambda *report: reports.append(report)
    ).run_through()
    assert [percent for percent, _ in reports] == list(PROGRESS.values())
    assert list(PROGRESS.values()) == sorted(PROGRESS.values())
    assert len(set(QUESTION_KINDS)) == 8


def test_a_refinement_without_a_skill_stops_with_the_reason():
    job = Job.new(ScriptedAuthor(), "skill_refinement").run_through()
    assert job.stopped == "There is no SKILL.md with a name to refine"


def test_an_author_that_writes_nothing_stops_the_job():
    job = Job.new(ScriptedAuthor(drafts=[None])).run_through()
    assert job.stopped == "The author wrote no files"


def source_named(name: str, text: str):
    from jobs.authors.base import SourceDocument

    return SourceDocument(name, "text/markdown", text)
