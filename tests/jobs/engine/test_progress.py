"""Progress reports of a phase while it runs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs import lifecycle
from jobs.authors.base import SourceDocument
from jobs.authors.template import TemplateAuthor
from jobs.models import Job
from jobs.worker import SkillJobWorker
from tests.jobs.copied_jobs import SOURCE
from tests.jobs.engine.authors import TellingAuthor

pytestmark = pytest.mark.django_db
Submit = Callable[..., Job]


def progress_of(job: Job, phase: str) -> list[tuple[int, str]]:
    events = job.history.filter(kind="progress", phase=phase).order_by("seq")
    return [(event.data["percent"], event.data["message"]) for event in events]


def run(job: Job, worker: SkillJobWorker) -> Job:
    while worker.process_job(Job.objects.get(pk=job.pk)):
        pass
    return Job.objects.get(pk=job.pk)


@pytest.mark.parametrize(("seconds", "parts"), [(0, 5), (3600, 1)])
def test_progress_reports_are_saved_at_intervals(
    job: Job, settings: Any, seconds: int, parts: int
) -> None:
    settings.SKILLFLEET_PROGRESS_INTERVAL = timedelta(seconds=seconds)
    job = run(job, SkillJobWorker(TellingAuthor()))
    assert job.status == Job.Status.COMPLETED, job.error_stack
    expected = [(35 + 3 * part, f"Part {part}\ufffd") for part in range(parts)]
    assert progress_of(job, "tdd_red") == [(35, "Writing evals"), *expected]


def test_progress_does_not_decrease_when_the_job_goes_back(
    submit: Submit, owner: User, settings: Any
) -> None:
    settings.SKILLFLEET_PROGRESS_INTERVAL = timedelta(0)
    worker = SkillJobWorker(TellingAuthor())
    job = run(submit(options={"checkpoints": ["validate"]}), worker)
    assert job.progress_percent == 90
    back = {"action": "revise", "feedback": "Name the host."}
    lifecycle.answer(job, by=owner, round=job.round, **back)  # type: ignore[arg-type]
    job = run(job, worker)
    lifecycle.answer(job, by=owner, round=job.round, action="proceed")
    assert run(job, worker).progress_percent == 100
    events = job.history.filter(kind="progress").order_by("seq")
    percents = [event.data["percent"] for event in events]
    assert percents == sorted(percents) and percents[-1] == 90


def test_an_author_whose_job_is_lost_stops_at_its_next_report(
    job: Job, settings: Any
) -> None:
    settings.SKILLFLEET_PROGRESS_INTERVAL = timedelta(0)
    author = TellingAuthor(lambda: lifecycle.requeue(Job.objects.get(pk=job.pk)))
    worker = SkillJobWorker(author)
    for _ in ("refine", "deep_understanding"):
        assert worker.process_job(Job.objects.get(pk=job.pk))
    assert not worker.process_job(Job.objects.get(pk=job.pk))
    job.refresh_from_db()
    assert (job.status, job.current_phase) == (Job.Status.RUNNING, "tdd_red")
    assert author.calls["evals"] == 0
    assert progress_of(job, "tdd_red")[-1] == (44, "Part 3\ufffd")


def test_the_template_author_says_what_it_reads(submit: Submit) -> None:
    source = SourceDocument("runbook.md", "text/markdown", SOURCE)
    job = run(submit(sources=[source]), SkillJobWorker(TemplateAuthor()))
    assert progress_of(job, "refine") == [
        (5, "Refining the brief"),
        (6, "Reading 1 source"),
    ]
    assert (36, "Reading 1 source") in progress_of(job, "tdd_red")
