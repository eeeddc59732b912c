"""django-tasks' task."""

from django_tasks import task

from benchmarks.queueing.answers import answer


@task()
def note(sent: float, path: str) -> None:
    answer(sent, path)
