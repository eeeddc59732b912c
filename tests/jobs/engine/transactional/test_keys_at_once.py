"""Several submissions with one idempotency key at the same time."""

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.db import connections
from django_q.models import OrmQ
from rest_framework.test import APIClient

from jobs.models import Job, JobEvent, Source

pytestmark = pytest.mark.django_db(transaction=True)
BODY = {
    "task_description": "Restart the billing service without losing invoices",
    "sources": [{"name": "runbook.md", "text": "# Restart\n\n1. Drain it.\n"}],
    "idempotency_key": "the-same",
}


def test_the_same_key_at_once_makes_one_job(
    owner: User, client_of: Callable[[User], APIClient]
) -> None:
    owner.groups.add(Group.objects.get(name="author"))
    start = threading.Barrier(6)
    answers: list[tuple[int, str]] = []

    def submit() -> None:
        client = client_of(owner)
        try:
            start.wait(20)
            response = client.post("/api/v1/skills", BODY, format="json")
            answers.append((response.status_code, str(response.data)))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=submit) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    job = Job.objects.get()
    assert [status for status, _ in answers] == [202] * 6, answers
    assert all(str(job.pk) in body for _, body in answers)
    counts = (OrmQ.objects.count(), Source.objects.count(), JobEvent.objects.count())
    assert counts == (1, 1, 1)
