"""Answers that meet: the first one counts, the others are told."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connections

from jobs import lifecycle
from jobs.exceptions import AlreadyAnswered
from jobs.models import Job, Question
from tests.jobs.engine.authors import ScriptedAuthor

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_eight_answers_at_once_one_is_taken(
    job: Job,
    advance: Callable[[Job], Job],
    author: ScriptedAuthor,
    owner: User,
) -> None:
    author.asks = 2
    job = advance(job)
    start = threading.Barrier(8)
    outcomes: Counter[str] = Counter()

    def answer(number: int) -> None:
        start.wait(20)
        try:
            lifecycle.answer(
                Job.objects.get(pk=job.pk),
                by=owner,
                round=job.round,
                action="proceed",
                answers={"purpose": f"Answer {number}."},
            )
            outcomes["taken"] += 1
        except AlreadyAnswered:
            outcomes["refused"] += 1
        finally:
            connections.close_all()

    threads = [threading.Thread(target=answer, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert outcomes == {"taken": 1, "refused": 7}
    assert job.questions.get().status == Question.Status.RESPONDED
    assert job.history.filter(kind="answered").count() == 1
    author.asks = 0
    assert advance(job).status == Job.Status.COMPLETED
