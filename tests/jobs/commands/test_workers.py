"""`workers`: the processes that work on jobs."""

import json
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from jobs.management.commands.workers import HEADINGS
from jobs.models import Worker

pytestmark = pytest.mark.django_db


def test_it_lists_each_with_its_job(run, leased_job, settings):
    job = leased_job(lease=timedelta(minutes=1))
    Worker.objects.update(job=job)

    ran = run("workers")

    heading, row = ran.stdout.splitlines()
    assert heading.split() == HEADINGS
    assert row.split()[3:5] == ["yes", str(job.pk)]
    assert all(cell.isdigit() for cell in row.split()[5:])
    assert ran.code == 0
    [worker] = json.loads(run("workers", "--json").stdout)
    assert worker["job_id"] == str(job.pk)


def test_it_fails_while_none_is_alive(run, alive):
    Worker.objects.update(heartbeat_at=Now() - timedelta(hours=1))

    ran = run("workers")

    assert ran.code == 1
    assert "manage.py qcluster" in ran.refusal
    assert ran.stdout.splitlines()[1].split()[3] == "no"
