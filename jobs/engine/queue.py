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
CHANNEL = "skillfleet_jobs"
# The DELETE comes first, by the look at what it found: who waits holds no lock yet.
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
    """The stock one, with the exchange that the cluster asks for."""

    def exchange(self, finished: int | None) -> Messages:
        """Acknowledge this message and take the next; none: it has waited for one."""
        if finished:
            self.acknowledge(finished)
        return self.dequeue() or []


class PostgresBroker(ORM):
    """Takes the oldest message without waiting for other takers.

    When there is none it listens: a message that is committed wakes it at once. The
    look every `poll` seconds finds messages whose time comes without a commit.
    """

    def __init__(self, list_key: str) -> None:
        super().__init__(list_key)
        self._listening: object = None

    def enqueue(self, task: str) -> int:
        """The lock starts by the database's clock, which `dequeue` goes by."""
        message = self.get_connection().create(
            key=self.list_key, payload=task, lock=Now()
        )
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
        return int(message.pk)

    def dequeue(self) -> Messages:
        return self.exchange(None)

    def exchange(self, finished: int | None) -> Messages:
        """The same as of `SqliteBroker`: in one statement, so in one transaction."""
        return self._take(finished) or self._wait_and_take()

    def _take(self, finished: int | None = None) -> Messages:
        """Straight to the connection, past Django's check of its health: the
        statement is that itself, as who asks asks again."""
        connection = connections[Conf.ORM]
        connection.ensure_connection()
        with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
            values = [finished, Conf.RETRY, self.list_key]
            return cursor.execute(TAKE, values, prepare=True).fetchall()

    def _wait_and_take(self) -> Messages:
        """Listen first and look again, or a message in between would be slept over.

        It listens on this thread's own connection, which from then on keeps what it
        hears for the wait; one that was lost is a DatabaseError like any other.
        """
        connection = connections[Conf.ORM]
        if self._listening is not connection.connection:
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
            self._listening = connection.connection
            if found := self._take():
                return found
        with connection.wrap_database_errors:
            for _ in connection.connection.notifies(timeout=Conf.POLL, stop_after=1):
                pass
        return self._take()


TASK = "jobs.tasks.process_skill_job"
COURIER_TASK = "jobs.tasks.deliver_webhooks"


class _Receipt:
    """Hands a package to the broker and keeps the id that `async_task` drops."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.list_key = broker.list_key
        self.message_id: int | None = None

    def enqueue(self, package: str) -> int:
        self.message_id = self.broker.enqueue(package)
        return self.message_id


def enqueue(job: "Job") -> None:
    """Put the job's next phase in the queue, in place of the message it had."""
    withdraw(job)
    receipt = _Receipt(get_broker())
    async_task(TASK, str(job.pk), broker=receipt, task_name=str(job.pk))
    type(job).objects.filter(pk=job.pk).write(
        message_id=receipt.message_id, enqueued_at=Now()
    )


def hold_back(job: "Job") -> None:
    """Have the job's message wait for the job's `run_after`, as the broker has it."""
    jobs = type(job).objects.filter(pk=job.pk)
    messages = OrmQ.objects.filter(pk__in=jobs.values("message_id"))
    messages.update(lock=Subquery(jobs.values("run_after")))


def call_courier() -> None:
    """Have a worker see to the deliveries that are due, once this commits."""
    async_task(COURIER_TASK, task_name="webhooks")


def withdraw(job: "Job") -> None:
    """Take back the job's own message, if it is still there."""
    jobs = type(job).objects.filter(pk=job.pk)
    OrmQ.objects.filter(pk__in=jobs.values("message_id")).delete()


def has_message(lost_after: timedelta = timedelta(0)) -> Exists:
    """For a query of jobs: the job's own message is there and will be delivered.

    One that was taken from the queue longer ago than `lost_after`, and whose job is
    still waiting, died with the process that took it.
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
    """Messages waiting to be taken."""
    waiting: Any = get_broker().queue_size()
    return int(waiting)
