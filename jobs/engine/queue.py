"""The queue: django-q2 with brokers of our own. A message carries only a job's id.

A job has at most one message, named by `Job.message_id`. It is written and deleted in
the transaction of the change that it belongs to.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connections
from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Now
from django_q.brokers import Broker, get_broker
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import Failure, OrmQ
from django_q.tasks import async_task
from psycopg import Cursor

if TYPE_CHECKING:
    from jobs.models import Job


Messages = list[tuple[int, str]]
TASK = "jobs.tasks.process_skill_job"
WEBHOOK_TASK = "jobs.tasks.deliver_webhooks"
CHANNEL = "skillfleet_jobs"
# The DELETE reads the table before it waits for any lock, so that it cannot deadlock.
TAKE = """
WITH finished AS (
    DELETE FROM django_q_ormq WHERE id = %s RETURNING id)
UPDATE django_q_ormq SET lock = now() + make_interval(secs => %s)
WHERE id = ANY(ARRAY(
    SELECT id FROM django_q_ormq
    WHERE key = %s AND lock <= now() AND id NOT IN (SELECT id FROM finished)
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED))
RETURNING id, payload
"""


class SqliteBroker(ORM):
    """django-q2's ORM broker with one more method: `exchange`, for the cluster."""

    def exchange(self, finished: int | None) -> Messages:
        """Acknowledge one message and take the next; wait a moment if there is none."""
        if finished:
            self.acknowledge(finished)
        return self.dequeue() or []


class PostgresBroker(ORM):
    """Takes the oldest message that no other worker has locked (SKIP LOCKED).

    If there is none, it listens: the COMMIT of a new message wakes it up at once.
    Every `poll` seconds it also looks for messages whose lock has expired.
    """

    def __init__(self, list_key: str) -> None:
        super().__init__(list_key)
        self._listening: object = None
        """The driver's connection that executed LISTEN; a new one must do so again."""

    def enqueue(self, task: str) -> int:
        """Set the lock by the database's clock, which `dequeue` compares it with."""
        message = self.get_connection().create(
            key=self.list_key, payload=task, lock=Now()
        )
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
        return int(message.pk)

    def dequeue(self) -> Messages:
        return self.exchange(None)

    def exchange(self, finished: int | None) -> Messages:
        """As in `SqliteBroker`, but in one statement and so in one transaction."""
        return self._take(finished) or self._wait_and_take()

    def _take(self, finished: int | None = None) -> Messages:
        """Run the statement on the driver's connection, without Django's health check.

        The statement is a health check itself: the caller tries again if it fails.
        """
        connection = connections[Conf.ORM]
        connection.ensure_connection()
        with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
            values = [finished, Conf.RETRY, self.list_key]
            return cursor.execute(TAKE, values, prepare=True).fetchall()

    def _wait_and_take(self) -> Messages:
        """Listen first and look again: a message that came in between is not missed.

        It listens on this thread's own connection, which keeps notifications until the
        wait reads them. A lost connection raises a DatabaseError like any other.
        """
        connection = connections[Conf.ORM]
        if self._listening is not connection.connection:
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
            self._listening = connection.connection
            if messages := self._take():
                return messages
        with connection.wrap_database_errors:
            for _ in connection.connection.notifies(timeout=Conf.POLL, stop_after=1):
                pass
        return self._take()


class _MessageIdBroker:
    """Passes a package to the broker and saves its id, which `async_task` drops."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.list_key = broker.list_key
        self.message_id: int | None = None

    def enqueue(self, package: str) -> int:
        self.message_id = self.broker.enqueue(package)
        return self.message_id


def enqueue(job: "Job") -> None:
    """Enqueue the job's next phase; this message replaces the job's former one."""
    delete_message(job)
    broker = _MessageIdBroker(get_broker())
    async_task(TASK, str(job.pk), broker=broker, task_name=str(job.pk))
    type(job).objects.filter(pk=job.pk).write(
        message_id=broker.message_id, enqueued_at=Now()
    )


def delay_message(job: "Job") -> None:
    """Lock the job's message until the job's `run_after`, so that nobody takes it."""
    jobs = type(job).objects.filter(pk=job.pk)
    messages = OrmQ.objects.filter(pk__in=jobs.values("message_id"))
    messages.update(lock=Subquery(jobs.values("run_after")))


def enqueue_webhook_delivery() -> None:
    """Have a worker send the deliveries that are due, once this transaction commits."""
    async_task(WEBHOOK_TASK, task_name="webhooks")


def delete_message(job: "Job") -> None:
    """Delete the job's message, if it has one."""
    jobs = type(job).objects.filter(pk=job.pk)
    OrmQ.objects.filter(pk__in=jobs.values("message_id")).delete()


def has_message(lost_after: timedelta = timedelta(0)) -> Exists:
    """A condition for a query of jobs: the job's message exists and will be delivered.

    A message that was taken longer ago than `lost_after`, while its job still waits,
    was lost with the process that took it.
    """
    until_redelivery = timedelta(seconds=settings.Q_CLUSTER["retry"])
    return Exists(
        OrmQ.objects.filter(pk=OuterRef("message_id")).exclude(
            lock__gt=Now(), lock__lt=Now() + until_redelivery - lost_after
        )
    )


def prune_failures(age: timedelta) -> int:
    """Delete django-q2's records of tasks that failed longer ago than this."""
    deleted, _ = Failure.objects.filter(stopped__lt=Now() - age).delete()
    return int(deleted)


def depth() -> int:
    """How many messages wait for a worker."""
    size: Any = get_broker().queue_size()
    return int(size)
