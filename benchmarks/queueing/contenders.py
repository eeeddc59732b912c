"""The contenders: how each sends a task, and how its workers are started."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

Send = Callable[[float, str], object]
DJANGO = (sys.executable, "-m", "django")
FINISHED_Q2 = """
INSERT INTO django_q_task
    (id, name, func, args, kwargs, started, stopped, success, attempt_count)
SELECT md5(n::text), 'task ' || n, 'benchmarks.queueing.tasks.note', '', '',
    now(), now(), true, 1 FROM generate_series(1, %s) n
"""
FINISHED_PROCRASTINATE = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts)
SELECT 'default', 'benchmarks.queueing.tasks.note', '{}', 'succeeded', 1
FROM generate_series(1, %s) n
"""
FINISHED_TASKS_DB = """
INSERT INTO django_tasks_database_dbtaskresult
    (id, status, enqueued_at, started_at, finished_at, args_kwargs, priority,
     task_path, worker_ids, queue_name, backend_name, run_after, return_value,
     exception_class_path, traceback)
SELECT gen_random_uuid(), 'SUCCESSFUL', now(), now(), now(),
    '{"args": [], "kwargs": {}}', 0, 'benchmarks.queueing.tasks.note', '[]',
    'default', 'default', now(), 'null', '', '' FROM generate_series(1, %s) n
"""


@dataclass(frozen=True)
class Contender:
    label: str
    settings: str = "benchmarks.queueing.settings"
    apps: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    """The command of the workers; `{workers}` is replaced by their number."""
    one_each: bool = False
    """Whether the command starts only one worker, and so runs once for each."""
    undone: str = ""
    """Table and condition of the tasks that are not finished and acknowledged; empty:
    the tasks are not in the database."""
    finished: str = ""
    """SQL that adds finished tasks."""


CONTENDERS = {
    "ours": Contender(
        "Skill Fleet",
        settings="benchmarks.queueing.project_settings",
        command=(*DJANGO, "qcluster", "--workers", "{workers}"),
        undone="django_q_ormq",
    ),
    "q2": Contender(
        "django-q2 as it comes",
        apps=("django_q",),
        command=(*DJANGO, "qcluster"),
        undone="django_q_ormq",
        finished=FINISHED_Q2,
    ),
    "q2-tuned": Contender(
        "django-q2 tuned",
        apps=("django_q",),
        command=(*DJANGO, "qcluster"),
        undone="django_q_ormq",
        finished=FINISHED_Q2,
    ),
    "procrastinate": Contender(
        "Procrastinate",
        apps=("procrastinate.contrib.django",),
        command=(*DJANGO, "procrastinate", "worker"),
        one_each=True,
        undone="procrastinate_jobs WHERE status IN ('todo', 'doing')",
        finished=FINISHED_PROCRASTINATE,
    ),
    "celery": Contender(
        "Celery + Valkey",
        command=(
            *(sys.executable, "-m", "celery", "-A", "benchmarks.queueing.celery_app"),
            *("worker", "--concurrency", "{workers}", "--loglevel", "ERROR"),
        ),
    ),
    "tasks-db": Contender(
        "django-tasks-db",
        apps=("django_tasks", "django_tasks_db"),
        command=(*DJANGO, "db_worker", "--no-startup-delay"),
        one_each=True,
        undone="django_tasks_database_dbtaskresult"
        " WHERE status IN ('READY', 'RUNNING')",
        finished=FINISHED_TASKS_DB,
    ),
}


def sender(name: str) -> Send:
    """The function that sends a task; it needs Django with the settings of the
    contender."""
    if name in ("ours", "q2", "q2-tuned"):
        from django_q.tasks import async_task

        return lambda sent, path: async_task(
            "benchmarks.queueing.answers.answer", sent, path
        )
    if name == "procrastinate":
        from benchmarks.queueing.procrastinate_tasks import note as deferred

        return lambda sent, path: deferred.defer(sent=sent, path=path)
    if name == "celery":
        from benchmarks.queueing.celery_app import note as delayed

        return delayed.delay
    from benchmarks.queueing.django_tasks import note as enqueued

    return enqueued.enqueue
