"""django-q2's ORM broker, taught to hand over one message for the next.

On PostgreSQL also to skip locked ones, and to wake up when one is committed.
"""

from django.db import connections
from django.db.models.functions import Now
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from psycopg import Cursor

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
