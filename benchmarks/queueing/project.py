"""Measurements of our queue only: whole jobs, and operations on a table of jobs."""

import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from benchmarks.queueing.scale import LIVE
from benchmarks.queueing.sender import CEILING, Sender
from jobs import lifecycle, monitoring
from jobs.authors.base import SourceDocument
from jobs.models import Job, Worker
from taxonomy.files.gate import File
from taxonomy.models import Bundle

TASK = "Restart the billing service when it hangs"
SOURCE = """# Restart the billing service

Use this runbook when the billing service hangs or stops answering requests.

## Prerequisites

- Access to the billing host with `sudo`.

## Steps

1. Drain the queue: `billingctl drain --wait`
2. Restart the service: `sudo systemctl restart billing`
3. Check that it answers: `curl --fail http://localhost:8080/health`

## Warnings

> **Warning:** Never restart while a payout runs; payouts are not repeated.

## Example

A request to `/invoices` times out; after the three steps it answers in 200 ms.

## Troubleshooting

If the health check fails, read `journalctl -u billing` for the reason.
"""
OWNERS = 20
FINISHED = """
INSERT INTO jobs_job
    (job_id, user_id, job_type, status, current_phase, round, task_description,
     task_description_refined, user_context, options, intended_taxonomy_path,
     skill_name, progress_message, progress_percent, validation_status, final_path,
     result, error, error_stack, fence, crashes, worker, events, created_at,
     updated_at, started_at, completed_at{more})
SELECT gen_random_uuid(), owners[1 + n %% {owners}], 'skill_creation',
    CASE n %% 10 WHEN 0 THEN 'failed' ELSE 'completed' END, 'validate', 2,
    'Task number ' || n || ' of those that were done before', '', '{{}}', '{{}}',
    'operations', 'skill-' || n, 'Completed.', 100, 'passed', '', '{{}}', '', '', '',
    0, '', 9, moment, moment, moment, moment{zeros}
FROM generate_series(1, %s) n,
    LATERAL (SELECT now() - n * interval '30 seconds' AS moment) m,
    (SELECT array_agg(id ORDER BY id) AS owners FROM auth_user) o
"""
RESULTS = """
INSERT INTO jobs_phaseresult (job_id, phase, round, output, started_at, finished_at)
SELECT job_id, 'phase' || n, 1, '{}', created_at, completed_at
FROM jobs_job, generate_series(1, 6) n
"""
HISTORY = """
INSERT INTO jobs_jobevent (job_id, seq, kind, phase, data, at)
SELECT job_id, n, 'claimed', 'refine', '{}', created_at
FROM jobs_job, generate_series(1, 9) n
"""
DRAFTS = """
INSERT INTO jobs_draft (job_id, bundle_id, status, reason)
SELECT job_id, (SELECT min(digest) FROM taxonomy_bundle),
    CASE status WHEN 'completed' THEN 'rejected' ELSE 'open' END, ''
FROM jobs_job WHERE status <> 'failed' ORDER BY created_at
"""
REOPENED = f"""
UPDATE jobs_job SET status = 'pending_hitl', completed_at = NULL,
    user_id = (SELECT min(id) FROM auth_user)
WHERE job_id IN (SELECT job_id FROM jobs_job ORDER BY created_at DESC LIMIT {LIVE})
"""  # noqa: S608 a number of ours
Operation = Callable[[], object]


class ProjectSender(Sender):
    def people(self) -> None:
        """Create authors, the first of whom is measured, and an operator."""
        call_command("seed_taxonomy", verbosity=0)
        call_command("createcachetable", verbosity=0)
        for number in range(OWNERS):
            user = User.objects.create_user(f"author{number}")
            user.groups.add(Group.objects.get(name="author"))
        operator = User.objects.create_superuser("operator")
        operator.groups.add(Group.objects.get(name="operator"))

    def whole_jobs(self, count: int) -> None:
        """Submit jobs while the workers are stopped."""
        user = User.objects.order_by("pk")[0]
        for _ in range(count):
            source = SourceDocument("runbook.md", "text/markdown", SOURCE)
            lifecycle.create_skill_job(user, TASK, sources=[source])

    def ended(self) -> float:
        """Jobs per second from now until the last has ended."""
        begun = time.monotonic()
        count = Job.objects.live().count()
        while Job.objects.live().exists():
            if time.monotonic() > begun + 4 * CEILING:
                raise TimeoutError(f"{Job.objects.live().count()} jobs have not ended")
            time.sleep(0.02)
        if Job.objects.exclude(status=Job.Status.COMPLETED).exists():
            raise RuntimeError("a job did not complete")
        return count / (time.monotonic() - begun)

    def finish(self, count: int) -> None:
        Job.objects.all().delete()
        Bundle.objects.store((File("SKILL.md", SOURCE.encode()),))
        with connection.cursor() as cursor:
            cursor.execute(
                "SET session_replication_role = replica"
            )  # without system checks
            cursor.execute(finished_jobs(), [count + LIVE])
            for sql in (RESULTS, HISTORY, REOPENED, DRAFTS):
                cursor.execute(sql)
            cursor.execute("RESET session_replication_role")
            cursor.execute("VACUUM ANALYZE")

    def operations(self, calls: int) -> dict[str, float]:
        """The median of the seconds that each operation takes."""
        return {
            name: median(timed(operation) for _ in range(calls))
            for name, operation in self._operations().items()
        }

    def _operations(self) -> dict[str, Operation]:
        owner = User.objects.order_by("pk")[0]
        operator = User.objects.get(username="operator")
        browser = Client()
        browser.force_login(operator)
        operators, owners = client_of(operator), client_of(owner)
        return {
            "submit": Undone(lambda: lifecycle.create_skill_job(owner, TASK)),
            "claim": Undone(claiming(owner)),
            "`stuck_jobs`": lambda: monitoring.stuck(timedelta(hours=1)),
            "GET /jobs, operator": lambda: operators("/jobs"),
            "GET /jobs, owner": lambda: owners("/jobs"),
            "GET /jobs?status=failed": lambda: operators("/jobs?status=failed"),
            "GET /jobs/pending": lambda: owners("/jobs/pending"),
            "GET /drafts": lambda: operators("/drafts"),
            "admin: jobs": lambda: opened(browser, "/admin/jobs/job/"),
            "admin: dashboard": lambda: opened(browser, "/admin/"),
        }


class Undone:
    """Rolls the transaction back, so that the table stays as it is."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation

    def __call__(self) -> None:
        with transaction.atomic():
            self.operation()
            transaction.set_rollback(True)


def claiming(owner: User) -> Operation:
    job = lifecycle.create_skill_job(owner, TASK)
    worker = Worker.objects.register()
    return lambda: Job.objects.get(pk=job.pk).claim(worker)


def client_of(user: User) -> Callable[[str], Any]:
    client = APIClient()
    client.force_authenticate(user)

    def get(path: str) -> None:
        reply = client.get(f"/api/v1{path}")
        assert reply.status_code == 200, reply.content

    return get


def opened(browser: Client, path: str) -> None:
    reply = browser.get(path)
    assert reply.status_code == 200, reply


def timed(operation: Operation) -> float:
    begun = time.perf_counter()
    operation()
    return time.perf_counter() - begun


def finished_jobs() -> str:
    """The SQL, with a zero for each column that the model got later."""
    columns = FINISHED.partition("(job_id")[2].partition("{more}")[0].split()
    names = {name.strip(",") for name in columns} | {"job_id"}
    more = [
        field.column
        for field in Job._meta.local_concrete_fields
        if field.column not in names and not field.null and not field.has_db_default()
    ]
    zeros = "".join(", 0" for _ in more)
    return FINISHED.format(
        more="".join(f", {column}" for column in more), zeros=zeros, owners=OWNERS
    )
