"""Celery's task, without Django and without a result backend."""

import os

from celery import Celery

from benchmarks.queueing.answers import answer

app = Celery("bench", broker=os.environ["BENCH_VALKEY"])
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)


@app.task
def note(sent: float, path: str) -> None:
    answer(sent, path)
