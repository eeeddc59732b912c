"""A job's transitions from state to state."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django_q.models import OrmQ

from jobs import drafts, lifecycle, promotion
from jobs.engine.maintenance import sweep
from jobs.exceptions import AlreadyAnswered, KeyReused, WrongState
from jobs.models import Draft, Job, PhaseResult, Question
from jobs.monitoring import statistics
from jobs.pipeline.phases import PHASES
from jobs.worker import SkillJobWorker
from tests.jobs.engine.authors import RaisingAuthor, ScriptedAuthor
from tests.jobs.engine.conftest import drain

pytestmark = pytest.mark.django_db
Advance = Callable[[Job], Job]
Submit = Callable[..., Job]


def kinds(job: Job) -> list[str]:
    return [e.kind for e in job.history.order_by("seq") if e.kind != "progress"]


def test_a_job_goes_through_every_phase_once(job: Job, advance: Advance) -> None:
    job = advance(job)
    assert job.status == Job.Status.COMPLETED, job.error_stack
    assert list(job.results.values_list("phase", flat=True)) == list(PHASES)
    assert job.progress_percent == 100
    assert job.completed_at and job.started_at
    assert job.validation_passed
    assert job.draft_path == "operations/restart-billing"


def test_the_history_is_numbered_without_gaps(job: Job, advance: Advance) -> None:
    job = advance(job)
    numbers = list(job.history.order_by("pk").values_list("seq", flat=True))
    assert numbers == list(range(1, job.events + 1))


def test_an_ended_job_leaves_no_message(job: Job, advance: Advance) -> None:
    advance(job)
    assert not OrmQ.objects.exists()


def test_a_question_frees_the_worker_and_holds_no_message(
    job: Job, advance: Advance, author: ScriptedAuthor
) -> None:
    author.asks = 3
    job = advance(job)
    assert job.status == Job.Status.PENDING_HITL
    assert job.lease_expires_at is None
    assert not OrmQ.objects.exists()
    question = job.questions.get()
    assert question.kind == "deep_understanding"
    assert [q["id"] for q in question.prompt["questions"]] == [
        "purpose",
        "trigger",
        "steps",
    ]


def answer(job: Job, by: User, action: str = "proceed", **more: object) -> Job:
    return lifecycle.answer(job, by=by, round=job.round, action=action, **more)  # type: ignore[arg-type]


def test_an_answer_lets_the_job_go_on(
    job: Job, advance: Advance, author: ScriptedAuthor, owner: User
) -> None:
    author.asks = 2
    job = advance(job)
    job = answer(job, owner, answers={"purpose": "To bill.", "trigger": "It hangs."})
    assert job.status == Job.Status.RUNNING
    job = advance(job)
    assert job.status == Job.Status.COMPLETED
    assert job.result and job.result["unanswered"] == []


def test_what_stays_unanswered_is_in_the_result(
    job: Job, advance: Advance, author: ScriptedAuthor, owner: User
) -> None:
    author.asks = 2
    job = advance(answer(advance(job), owner))
    assert job.status == Job.Status.COMPLETED
    assert job.result and job.result["unanswered"] == [
        "What about purpose?",
        "What about trigger?",
    ]


def test_a_second_answer_is_refused(
    job: Job, advance: Advance, author: ScriptedAuthor, owner: User
) -> None:
    author.asks = 2
    job = advance(job)
    round = job.round
    answer(job, owner)
    with pytest.raises(AlreadyAnswered):
        lifecycle.answer(job, by=owner, round=round, action="proceed")


def test_revise_goes_back_with_the_feedback(
    submit: Submit, advance: Advance, author: ScriptedAuthor, owner: User
) -> None:
    job = advance(submit(options={"checkpoints": ["preview"]}))
    assert job.questions.get().kind == "preview"
    job = advance(answer(job, owner, "revise", feedback="Name the on-call person."))
    assert job.status == Job.Status.PENDING_HITL
    assert b"on-call person" in drafts.draft_of(job).bundle.files()[0].content
    job = advance(answer(job, owner))
    assert job.status == Job.Status.COMPLETED


@pytest.mark.parametrize("checkpoint", ["confirm", "preview", "validate"])
def test_a_checkpoint_asks_and_goes_on_without_a_second_author_call(
    submit: Submit,
    advance: Advance,
    author: ScriptedAuthor,
    owner: User,
    checkpoint: str,
) -> None:
    job = advance(submit(options={"checkpoints": [checkpoint]}))
    assert [q.kind for q in job.questions.all()] == [checkpoint]
    job = advance(answer(job, owner))
    assert job.status == Job.Status.COMPLETED
    assert author.calls["write"] == author.calls["evals"] == 1


def test_cancel_by_answer_ends_the_job(
    job: Job, advance: Advance, author: ScriptedAuthor, owner: User
) -> None:
    author.asks = 2
    job = answer(advance(job), owner, "cancel")
    assert job.status == Job.Status.CANCELLED
    assert job.questions.get().status == Question.Status.RESPONDED


def test_cancel_withdraws_the_question(
    job: Job, advance: Advance, author: ScriptedAuthor, owner: User
) -> None:
    author.asks = 2
    job = lifecycle.cancel(advance(job), by=owner)
    assert job.status == Job.Status.CANCELLED
    assert job.questions.get().status == Question.Status.WITHDRAWN
    assert kinds(job)[-1] == "cancelled"


def test_a_finished_job_cannot_be_cancelled(
    job: Job, advance: Advance, owner: User
) -> None:
    with pytest.raises(WrongState, match="already completed"):
        lifecycle.cancel(advance(job), by=owner)


def test_an_author_that_raises_fails_the_job_and_a_retry_goes_on(
    job: Job, advance: Advance, owner: User
) -> None:
    broken = SkillJobWorker(RaisingAuthor())
    while broken.process_job(Job.objects.get(pk=job.pk)):
        pass
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert job.error == "AuthorError: the model is not there"
    assert "Traceback" in job.error_stack
    assert not OrmQ.objects.exists()
    job = lifecycle.retry(job, by=owner)
    assert (job.status, job.error) == (Job.Status.PENDING, "")
    job = advance(job)
    assert job.status == Job.Status.COMPLETED
    assert job.results.filter(phase="refine").count() == 1


def test_only_a_failed_job_can_be_retried(job: Job, owner: User) -> None:
    with pytest.raises(WrongState):
        lifecycle.retry(job, by=owner)


def test_an_overdue_question_fails_the_job(
    job: Job, advance: Advance, author: ScriptedAuthor
) -> None:
    author.asks = 2
    job = advance(job)
    job.questions.update(timeout_at=timezone.now() - timezone.timedelta(hours=1))
    assert sweep().timed_out == 1
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert "Nobody answered" in job.error
    assert job.questions.get().status == Question.Status.TIMEOUT


def test_the_same_idempotency_key_gives_the_same_job(submit: Submit) -> None:
    assert submit(idempotency_key="k") == submit(idempotency_key="k")
    assert Job.objects.count() == 1


def test_a_user_over_the_limit_waits_until_a_place_is_free(
    submit: Submit, settings: pytest.FixtureRequest, worker: SkillJobWorker
) -> None:
    settings.SKILLFLEET_RUNNING_JOBS_PER_USER = 1  # type: ignore[attr-defined]
    first, second = submit(), submit()
    assert worker.process_job(first)
    OrmQ.objects.filter(pk=second.message_id).delete()
    assert not worker.process_job(
        second
    )  # over the limit of running jobs: the message is dropped
    while worker.process_job(Job.objects.get(pk=first.pk)):
        pass
    second.refresh_from_db()
    assert second.message_id and OrmQ.objects.filter(pk=second.message_id).exists()


def test_twenty_waiting_jobs_do_not_hold_the_worker(
    submit: Submit, advance: Advance, author: ScriptedAuthor
) -> None:
    author.asks = 3
    for _ in range(20):
        assert advance(submit()).status == Job.Status.PENDING_HITL
    author.asks = 0
    assert advance(submit()).status == Job.Status.COMPLETED


def test_the_draft_is_promoted_once(job: Job, advance: Advance, owner: User) -> None:
    draft = drafts.draft_of(advance(job))
    published = promotion.promote(draft, by=owner)
    assert published.skill.path == "operations/restart-billing"
    assert published.version.bundle_id == draft.bundle_id
    job.refresh_from_db()
    assert job.promoted and kinds(job)[-1] == "promoted"
    with pytest.raises(WrongState, match="already promoted"):
        promotion.promote(draft, by=owner)


def test_an_edit_is_validated_again(job: Job, advance: Advance, owner: User) -> None:
    draft = drafts.draft_of(advance(job))
    draft = drafts.edit(draft, "SKILL.md", b"no frontmatter", by=owner)
    job.refresh_from_db()
    assert job.validation_status == Job.ValidationStatus.FAILED
    assert draft.bundle.files()[0].content == b"no frontmatter"


def test_a_rejected_draft_stays_unpublished(
    job: Job, advance: Advance, owner: User
) -> None:
    draft = drafts.draft_of(advance(job))
    draft = drafts.reject(draft, by=owner, reason="We have one.")
    assert draft.status == Draft.Status.REJECTED
    with pytest.raises(WrongState):
        promotion.promote(draft, by=owner)


def test_the_queue_alone_brings_a_job_to_its_end(
    job: Job, settings: pytest.FixtureRequest
) -> None:
    settings.SKILLFLEET_AUTHOR = "tests.jobs.engine.authors.ScriptedAuthor"  # type: ignore[attr-defined]
    drain()
    job.refresh_from_db()
    assert job.status == Job.Status.COMPLETED
    assert PhaseResult.objects.count() == len(PHASES)


class UnspeakableAuthor(ScriptedAuthor):
    def evals(self, assignment: Any) -> Any:
        raise RuntimeError("nul \0 and half a pair \udce9")


def test_an_error_that_no_database_stores_is_stored_readably(
    job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(
        "CRITICAL", "jobs.engine.retry"
    )  # pytest-xdist cannot send it either
    worker = SkillJobWorker(UnspeakableAuthor())
    while worker.process_job(Job.objects.get(pk=job.pk)):
        pass
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert job.error == "RuntimeError: nul \ufffd and half a pair ?"


class ForgetfulAuthor(ScriptedAuthor):
    """Requires a fact that its draft does not have."""

    def evals(self, assignment: Any) -> Any:
        return replace(super().evals(assignment), facts=("a fact of no draft",))


def test_an_edit_does_not_make_failing_evals_pass(submit: Submit, owner: User) -> None:
    worker = SkillJobWorker(ForgetfulAuthor())
    job = submit()
    while not job.is_final:
        if not worker.process_job(job):
            job = answer(Job.objects.get(pk=job.pk), owner)
        job = Job.objects.get(pk=job.pk)
    assert job.validation_status == Job.ValidationStatus.WARNINGS
    drafts.edit(drafts.draft_of(job), "references/more.md", b"# More\n", by=owner)
    job.refresh_from_db()
    assert job.validation_status == Job.ValidationStatus.WARNINGS
    assert job.result and len(job.result["failures"]) == 1


@pytest.mark.parametrize("name", ['"a\\0b"', '"a\\ud800b"'])
def test_a_name_that_no_database_stores_fails_validation(
    job: Job, advance: Advance, owner: User, name: str
) -> None:
    draft = drafts.draft_of(advance(job))
    text = f"---\nname: {name}\ndescription: x\n---\n\nbody\n"
    drafts.edit(draft, "SKILL.md", text.encode(), by=owner)
    job.refresh_from_db()
    assert job.validation_status == Job.ValidationStatus.FAILED
    assert job.skill_name == ""


def test_a_key_is_not_good_for_another_task(submit: Submit, owner: User) -> None:
    submit(idempotency_key="k")
    with pytest.raises(KeyReused):
        lifecycle.create_skill_job(owner, "Another task of mine", idempotency_key="k")


def test_a_job_is_long_by_the_time_that_it_runs(
    job: Job, advance: Advance, author: ScriptedAuthor, owner: User
) -> None:
    """Time in which it waited for a person does not count."""
    author.asks = 2
    job = advance(job)
    days_ago = timezone.now() - timezone.timedelta(days=2)
    Job.objects.update(started_at=days_ago)
    answer(job, owner)
    assert Job.objects.get(pk=job.pk).claim(SkillJobWorker(author).row)
    assert not Job.objects.long(timezone.timedelta(hours=1))
    Job.objects.update(running_since=days_ago)
    assert Job.objects.long(timezone.timedelta(hours=1)).get() == job


def test_statistics_count_every_ended_job(submit: Submit, owner: User) -> None:
    """A job that was cancelled at once has a duration, but no active seconds."""
    for _ in range(3):
        lifecycle.cancel(submit(), by=owner)
    (row,) = statistics(Job.objects.all())
    assert row["count"] == 3
    assert row["avg_active_seconds"] == 0
    assert row["avg_waiting_seconds"] == row["avg_duration_seconds"] >= 0
