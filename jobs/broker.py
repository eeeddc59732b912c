"""django-q2's ORM broker, taught what PostgreSQL can do: skip locks, and wake up."""

from django.db import connections
from django.db.models.functions import Now
from django_q.brokers.orm import ORM
from django_q.conf import Conf

CHANNEL = "skillfleet_jobs"
TAKE = """
UPDATE django_q_ormq SET lock = now() + make_interval(secs => %s)
WHERE id = ANY(ARRAY(
    SELECT id FROM django_q_ormq WHERE key = %s AND lock <= now()
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED))
RETURNING id, payload
"""


class PostgresBroker(ORM):
    """Takes the oldest message without waiting for other takers.

    When there is none it listens: a message that is committed wakes it at once. The
    look every `poll` seconds finds messages whose time comes without a commit.
    """

    def enqueue(self, task: str) -> int:
        """The lock starts by the database's clock, which `dequeue` goes by."""
        message = self.get_connection().create(
            key=self.list_key, payload=task, lock=Now()
        )
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
        return int(message.pk)

    def dequeue(self) -> list[tuple[int, str]] | None:
        return self._take() or self._wait_and_take()

    def _take(self) -> list[tuple[int, str]]:
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute(TAKE, [Conf.RETRY, self.list_key])
            return list(cursor.fetchall())

    def _wait_and_take(self) -> list[tuple[int, str]] | None:
        """Listen first and look again, or a message in between would be slept over.

        It listens on this thread's own connection: listening twice costs nothing, and
        one that was lost is a DatabaseError like any other.
        """
        connection = connections[Conf.ORM]
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        if found := self._take():
            return found
        with connection.wrap_database_errors:
            for _ in connection.connection.notifies(timeout=Conf.POLL, stop_after=1):
                pass
        return self._take()
