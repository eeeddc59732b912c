"""The number of SQL statements that the engine needs for each phase.

Savepoints are counted: outside of a test they are BEGIN and COMMIT. Every job pays for
a higher number, so raise one only with a good reason.
"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs import lifecycle
from jobs.models import Job

pytestmark = pytest.mark.django_db
ENGINE = 32
COSTS = {
    "refine": ENGINE,
    "deep_understanding": ENGINE,
    "tdd_red": ENGINE,
    "tdd_green": ENGINE + 15,  # stores the draft: blobs, bundle, its files
    "tdd_refactor": ENGINE + 3,  # reads the draft and its waivers
    "validate": ENGINE + 6,  # the same; the job ends, so webhooks are looked up
}


def cost_of_each_phase(worker, job) -> dict[str, int]:
    costs = {}
    while (job := Job.objects.get(pk=job.pk)).completed_at is None:
        with CaptureQueriesContext(connection) as captured:
            assert worker.process_job(job)
        statements = [query["sql"] for query in captured]
        notices = sum("pg_notify" in sql for sql in statements)  # PostgreSQL alone
        costs[job.current_phase] = len(statements) - notices
    return costs


def test_a_phase_costs_the_same_however_many_jobs_there_are(submit, worker, owner):
    worker.row.beat()  # registers the worker once per process
    first = cost_of_each_phase(worker, submit())
    for _ in range(5):
        lifecycle.cancel(submit(), by=owner)
        submit()

    again = cost_of_each_phase(worker, submit())

    assert first == COSTS
    assert again["refine"] == again["tdd_red"] == ENGINE
