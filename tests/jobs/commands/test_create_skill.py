"""`create_skill`: what it refuses, and how it follows a job again."""

import uuid

import pytest
from django.contrib.auth.models import User

from jobs import lifecycle
from jobs.models import Job
from jobs.worker import SkillJobWorker
from taxonomy.models import Skill
from tests.jobs.engine.authors import RaisingAuthor, ScriptedAuthor
from tests.taxonomy.skills import skill_files

pytestmark = pytest.mark.django_db
TASK = "Restart the billing service when it hangs"


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        ((), "description: Describe the skill in at least 10 characters."),
        (("too short",), "description: Describe the skill in at least 10"),
        ((TASK * 1000,), "description: 41000 characters; at most 10000."),
        ((TASK, "--category", "nowhere"), "--category: There is no category"),
        ((TASK, "--source", "/nowhere.md"), "--source: /nowhere.md cannot be read: No"),
        ((TASK, "--source", "/"), "--source: / cannot be read: Is a directory."),
        ((TASK, "--user", "nobody"), "--user: there is no active user 'nobody'."),
        (("--follow", "7"), "--follow: there is no job '7'."),
        (("--follow", str(uuid.UUID(int=1))), "--follow: there is no job"),
        ((TASK, "--follow", "7"), "--follow takes no description"),
        ((TASK, "--refine", "nobody"), "--refine: there is no skill 'nobody'."),
        ((TASK, "--refine", "x", "--source", "y"), "--refine takes no --source"),
        ((TASK, "--focus", "Steps"), "--focus requires --refine."),
    ],
)
def test_bad_input_is_refused_by_name(run, superuser, arguments, refusal):
    ran = run("create_skill", *arguments)

    assert ran.code == 1
    assert refusal in ran.refusal
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "refusal"),
    [
        ("page.html", b"<p>", "only .md, .markdown, .txt"),
        ("broken.md", b"\xff\xfe", "is not UTF-8 text"),
        ("nul.md", b"a\0b", "NUL characters"),
        ("large.md", b"x" * 1_000_001, "1000001 bytes; a source may have 1000000"),
    ],
)
def test_a_document_that_cannot_be_read_is_refused(
    run, superuser, tmp_path, name, content, refusal
):
    (tmp_path / name).write_bytes(content)

    ran = run("create_skill", TASK, "--source", str(tmp_path / name))

    assert ran.code == 1
    assert refusal in ran.refusal
    assert name in ran.refusal


def test_too_many_documents_are_refused(run, superuser, tmp_path):
    source = tmp_path / "one.md"
    source.write_text("# One")

    ran = run("create_skill", TASK, *["--source", str(source)] * 11)

    assert "--source: 11 sources; at most 10." in ran.refusal


def test_without_a_superuser_somebody_has_to_be_named(run, seeded):
    assert "There is no superuser: name the owner" in run("create_skill", TASK).refusal


def test_of_several_superusers_one_has_to_be_named(run, superuser):
    User.objects.create_superuser("second")

    assert "There are several superusers" in run("create_skill", TASK).refusal


def test_who_may_not_submit_jobs_is_refused(run, viewer):
    refusal = run("create_skill", TASK, "--user", "vera").refusal

    assert "vera may not submit jobs; add them to the group author" in refusal


def test_a_deactivated_user_submits_nothing(run, author_user):
    User.objects.update(is_active=False)

    assert "no active user 'ada'" in run("create_skill", TASK, "--user", "ada").refusal


def test_following_a_completed_job_shows_its_draft(run, submit, run_to_end):
    job = run_to_end(submit(), SkillJobWorker(ScriptedAuthor(asks=2)))

    ran = run("create_skill", "--follow", str(job.pk))

    assert ran.code == 0
    assert f"Job {job.pk}" in ran
    assert "✓ refine" in ran
    assert "Draft       operations/restart-billing" in ran
    assert f"API         /api/v1/drafts/{job.pk}" in ran
    assert f"Validation  {job.validation_status}" in ran
    assert "Unanswered  What about purpose?" in ran
    assert "No worker is alive" not in ran


def test_findings_are_shown_with_their_remedy(run, submit, run_to_end):
    job = run_to_end(submit(), SkillJobWorker(ScriptedAuthor()))
    job.result["validation"]["errors"] = [
        {"message": "It is wrong", "remedy": "Fix it.", "file": "SKILL.md", "line": 3}
    ]
    Job.objects.filter(pk=job.pk).update(result=job.result)

    ran = run("create_skill", "--follow", str(job.pk))

    assert "SKILL.md:3: It is wrong — Fix it." in ran


def test_following_a_failed_job_says_why_and_exits_1(run, submit, run_to_end):
    job = run_to_end(submit(), SkillJobWorker(RaisingAuthor()))

    ran = run("create_skill", "--follow", str(job.pk))

    assert ran.code == 1
    assert "the model is not there" in ran
    assert f"/api/v1/jobs/{job.pk}/retry" in ran


def test_following_a_cancelled_job_exits_1(run, submit, author_user):
    job = lifecycle.cancel(submit(), by=author_user)

    ran = run("create_skill", "--follow", str(job.pk))

    assert ran.code == 1
    assert "Job         cancelled" in ran


def test_nobody_follows_the_job_of_another(run, submit, other_author):
    ran = run("create_skill", "--follow", str(submit().pk), "--user", "olga")

    assert "olga may not answer for ada" in ran.refusal


def test_a_document_cannot_steer_the_terminal(run, submit):
    job = submit()
    job.refresh_from_db()
    lifecycle.fail(job, "\x1b]0;owned\x07[red]no[/red]", where=Job.objects.live())

    ran = run("create_skill", "--follow", str(job.pk))

    assert "\x1b" not in ran.stdout and "\x07" not in ran.stdout
    assert "]0;owned[red]no[/red]" in ran


def test_refine_submits_the_next_version_of_a_skill(run, superuser, monkeypatch):
    files = skill_files("billing", "Restart billing. Use when it hangs.")
    Skill.objects.publish(files, category="operations")

    refused = run("create_skill", "", "--refine", "billing")
    assert "description: Say what should be different" in refused.refusal
    monkeypatch.setattr("jobs.cli.time.sleep", ctrl_c)
    ran = run(
        "create_skill", "add: Ask Kim.", "--refine", "billing", "--focus", "Steps"
    )

    job = Job.objects.get()
    assert ran.code == 130 and str(job.pk) in ran
    assert job.job_type == "skill_refinement"
    assert (job.base.skill.name, job.base.number) == ("billing", "1.0.0")
    assert job.user_context == {"feedback": "add: Ask Kim.", "focus_areas": ["Steps"]}


def ctrl_c(seconds: float) -> None:
    raise KeyboardInterrupt
