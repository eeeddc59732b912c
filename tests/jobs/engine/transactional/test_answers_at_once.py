"""Concurrent answers: the first one counts, and the others get a 409."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.db import connections
from rest_framework.test import APIClient

from jobs.models import Job, Question
from tests.jobs.engine.authors import ScriptedAuthor

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_eight_answers_at_once_one_is_taken(
    job: Job,
    advance: Callable[[Job], Job],
    author: ScriptedAuthor,
    owner: User,
    client_of: Callable[[User], APIClient],
) -> None:
    author.asks = 2
    job = advance(job)
    owner.groups.add(Group.objects.get(name="author"))
    start = threading.Barrier(8)
    statuses: Counter[int] = Counter()

    def answer(number: int) -> None:
        try:
            start.wait(20)
            response = client_of(owner).post(
                f"/api/v1/hitl/{job.pk}/response",
                {
                    "round": job.round,
                    "action": "proceed",
                    "answers": {"purpose": f"Answer {number}."},
                },
                format="json",
            )
            statuses[response.status_code] += 1
        finally:
            connections.close_all()

    threads = [threading.Thread(target=answer, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert statuses == {200: 1, 409: 7}
    assert job.questions.get().status == Question.Status.RESPONDED
    assert job.history.filter(kind="answered").count() == 1
    author.asks = 0
    assert advance(job).status == Job.Status.COMPLETED
