"""`create_skill` from submission to draft, with a worker and without a terminal."""

import io
import sys

import pytest

from jobs import lifecycle
from jobs.models import Job, Question

pytestmark = pytest.mark.django_db(transaction=True)
TASK = "Restart the billing service when it hangs"


@pytest.fixture
def types(monkeypatch):
    """`types("1", "p")`: the lines that a person types, one after the other."""

    def type_lines(*lines: str) -> None:
        text = "".join(f"{line}\n" for line in lines)
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    return type_lines


@pytest.fixture
def asking(inline_jobs, settings):
    settings.SKILLFLEET_AUTHOR = "tests.jobs.commands.authors.AskingAuthor"


def test_a_document_becomes_a_draft(run, superuser, inline_jobs, tmp_path):
    source = tmp_path / "runbook.md"
    source.write_text("# Restart billing\n\n1. Run `systemctl restart billing`.\n")

    ran = run("create_skill", TASK, "--source", str(source), "--category", "operations")

    job = Job.objects.get()
    assert ran.code == 0, ran
    assert (job.user, job.intended_taxonomy_path) == (superuser, "operations")
    assert job.sources.get().text == source.read_text()
    assert "  5% Refining the brief\n✓ refine" in ran
    assert "✓ validate" in ran
    assert "Draft       operations/restart-billing" in ran


def test_auto_approve_proceeds_and_lists_what_stayed_unanswered(run, superuser, asking):
    ran = run("create_skill", TASK, "--auto-approve")

    assert ran.code == 0, ran
    assert "not answered: What about purpose?" in ran
    assert "Unanswered  What about purpose?" in ran
    answered = Question.objects.first()
    assert answered.response == {"action": "proceed", "answers": {}, "feedback": ""}


def test_answers_are_taken_from_the_terminal(run, superuser, asking, types):
    types("To bill.", "When it hangs.", "p")

    ran = run("create_skill", TASK)

    assert ran.code == 0, ran
    question = Question.objects.get()
    assert question.answered_by == superuser
    assert question.response["answers"] == {
        "purpose": "To bill.",
        "trigger": "When it hangs.",
    }
    assert "Unanswered" not in ran


def test_cancel_ends_the_job_with_exit_code_1(run, superuser, asking, types):
    types("", "", "cancel")

    ran = run("create_skill", TASK)

    assert ran.code == 1
    assert Job.objects.get().status == Job.Status.CANCELLED
    assert "Job         cancelled" in ran


def test_revise_asks_what_should_be_different(
    run, submit, author_user, inline_jobs, types
):
    job = submit(options={"checkpoints": ["preview"]})
    types("what?", "r", "", "Name the on-call person.", "p")

    ran = run("create_skill", "--follow", str(job.pk))

    assert ran.code == 0, ran
    assert "Type p, r or c." in ran
    assert "Say what to change." in ran  # the prompt shows the author's hint
    assert "systemctl restart billing" in ran  # and the draft
    assert [question.response["action"] for question in job.questions.all()] == [
        "revise",
        "proceed",
    ]
    content = Job.objects.get(pk=job.pk).draft.bundle.file("SKILL.md").content
    assert b"Name the on-call person." in content


def test_without_anybody_to_answer_it_leaves_the_job_waiting(
    run, superuser, asking, types
):
    types()

    ran = run("create_skill", TASK)

    job = Job.objects.get()
    assert ran.code == 3
    assert job.status == Job.Status.PENDING_HITL
    assert f"To continue: manage.py create_skill --follow {job.pk}" in ran


def test_an_answer_from_elsewhere_is_not_overwritten(
    run, superuser, asking, monkeypatch
):
    """Somebody answers by the API while the terminal shows the question."""

    class Slow(io.StringIO):
        def readline(self, *_: int) -> str:
            job = Job.objects.get()
            if job.status == Job.Status.PENDING_HITL:
                lifecycle.answer(
                    job,
                    by=superuser,
                    round=job.round,
                    action="proceed",
                    answers={"purpose": "By API.", "trigger": "By API."},
                )
            return "too late\n" if Question.objects.open().count() else "p\n"

    monkeypatch.setattr(sys, "stdin", Slow())

    ran = run("create_skill", TASK)

    assert ran.code == 0, ran
    question = Question.objects.order_by("pk").first()
    assert question.response["answers"]["purpose"] == "By API."


def test_ctrl_c_leaves_the_job_and_says_how_to_follow_it(
    run, superuser, asking, monkeypatch
):
    class Impatient(io.StringIO):
        def readline(self, *_: int) -> str:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Impatient())

    ran = run("create_skill", TASK)

    job = Job.objects.get()
    assert ran.code == 130
    assert not job.is_final
    assert "The job continues. To follow it again: manage.py create_skill" in ran
    assert f"--follow {job.pk}" in ran
