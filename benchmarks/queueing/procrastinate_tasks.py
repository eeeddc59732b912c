"""Procrastinate's task."""

from procrastinate.contrib.django import app

from benchmarks.queueing.answers import answer


@app.task
def note(sent: float, path: str) -> None:
    answer(sent, path)
