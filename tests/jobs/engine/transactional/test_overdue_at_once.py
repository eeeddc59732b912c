"""An answer and the sweep that closes its question, at the same time."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction
from django.db.models.functions import Now

from jobs import lifecycle
from jobs.engine import maintenance
from jobs.models import Job, Question
from tests.jobs.engine.authors import ScriptedAuthor

pytestmark = pytest.mark.django_db(transaction=True)
WAITING = """
SELECT EXISTS (SELECT 1 FROM pg_locks theirs JOIN pg_locks mine USING (transactionid)
    WHERE mine.pid = pg_backend_pid() AND NOT theirs.granted)
"""


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


def test_an_answer_that_came_first_is_not_timed_out(
    job: Job, advance: Callable[[Job], Job], author: ScriptedAuthor, owner: User
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    author.asks = 2
    job = advance(job)
    Question.objects.update(timeout_at=Now())
    question = Question.objects.overdue().select_related("job").get()

    def time_out() -> bool:
        try:
            return maintenance.time_out(question)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as sweeping:
        with transaction.atomic():
            lifecycle.answer(job, by=owner, round=job.round, action="proceed")
            timed_out = sweeping.submit(time_out)
            ceiling = time.monotonic() + 20
            while not somebody_waits():
                assert time.monotonic() < ceiling and not timed_out.done()
        assert not timed_out.result(20)

    job.refresh_from_db()
    assert job.status == Job.Status.RUNNING
    assert job.questions.get().status == Question.Status.RESPONDED
