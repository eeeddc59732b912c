"""People and jobs that many tests begin with. The real worker runs these jobs once in
each test process; after that their rows are copied."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Group, User

from jobs import lifecycle
from jobs.authors.base import SourceDocument
from jobs.models import Job
from jobs.worker import SkillJobWorker
from tests.tables import CopiedRows, seed

TASK = "Restart the billing service when it hangs"
SOURCE = """# Restart the billing service

Use this runbook when the billing service hangs or stops answering requests.

## Prerequisites

- Access to the billing host with `sudo`.

## Steps

1. Drain the queue before the restart:

   ```sh
   billingctl drain --wait
   ```

2. Restart the service:

   ```sh
   sudo systemctl restart billing
   ```

3. Check that it answers:

   ```sh
   curl --fail http://localhost:8080/health
   ```

## Warnings

> **Warning:** Never restart while a payout runs; payouts are not repeated.

## Example

A request to `/invoices` times out; after the three steps it answers in 200 ms.

## Troubleshooting

If the health check fails, read `journalctl -u billing` for the reason.
"""
MOST_STEPS = 60
"""More phases than any job has: a job that needs more goes round in circles."""
PEOPLE = {
    "ada": "author",
    "olga": "author",
    "carl": "curator",
    "otto": "operator",
    "vera": "viewer",
}
"""Roles by user name."""


def make_people() -> None:
    for name, role in PEOPLE.items():
        user = User.objects.create_user(name, password="a-long-password")
        user.groups.add(Group.objects.get(name=role))


def submit_job(
    user: User,
    task: str = TASK,
    sources: dict[str, str] | None = None,
    **options: Any,
) -> Job:
    documents = {"runbook.md": SOURCE} if sources is None else sources
    return lifecycle.create_skill_job(
        user,
        task,
        sources=[
            SourceDocument(name, "text/markdown", text)
            for name, text in documents.items()
        ],
        **options,
    )


def work_until_question(job: Job, worker: SkillJobWorker | None = None) -> Job:
    worker = worker or SkillJobWorker()
    for _ in range(MOST_STEPS):
        job.refresh_from_db()
        if job.is_final or job.status == Job.Status.PENDING_HITL:
            return job
        assert worker.process_job(job), f"{job} could not be claimed"
    raise AssertionError(f"{job} is in {job.current_phase} after {MOST_STEPS} runs")


def work_to_end(job: Job, worker: SkillJobWorker | None = None) -> Job:
    for _ in range(MOST_STEPS):
        work_until_question(job, worker)
        if job.is_final:
            return job
        lifecycle.answer(job, by=job.user, round=job.round, action="proceed")
    raise AssertionError(f"{job} asks on and on in {job.current_phase}")


def copied(work: Callable[[Job], Job], **options: Any) -> Callable[[], Job]:
    """A function that returns a job of ada with these options, after `work` ran it."""

    def make() -> Any:
        return work(submit_job(User.objects.get(username="ada"), **options)).pk

    rows = CopiedRows(make, on=rows_of_people)
    return lambda: Job.objects.get(pk=rows())


rows_of_people = CopiedRows(make_people, on=seed)
drafted_job = copied(work_to_end)
questioning_job = copied(work_until_question, sources={})
confirming_job = copied(work_until_question, options={"checkpoints": ["confirm"]})
