"""How a process learns of new events that any process has recorded.

On PostgreSQL the COMMIT of the event sends a notification (LISTEN/NOTIFY). SQLite has
no notifications, so there all streamed jobs are polled.
"""

import select
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    from jobs.models import JobEvent

CHANNEL = "skillfleet_events"
FULL_CHECK_SECONDS = 15.0
"""How often all jobs are checked although notifications are received: a connection
that a firewall has dropped delivers none and reports no error."""


def database() -> BaseDatabaseWrapper:
    """This thread's connection to the database of the events."""
    return connections[router.db_for_write(apps.get_model("jobs", "JobEvent"))]


def notify_listeners(event: "JobEvent", **kwargs: Any) -> None:
    """Receiver of `job_event_recorded`: wake all listeners when the event commits."""
    if database().vendor == "postgresql":
        with database().cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(event.job_id)])


class WakeUpPipe:
    """Wakes a thread that waits in `select` (the self-pipe trick)."""

    def __init__(self) -> None:
        self.writer, self.reader = socket.socketpair()
        self.writer.setblocking(False)
        self.reader.setblocking(False)

    def wake(self) -> None:
        with suppress(OSError):  # it is full, or closed already
            self.writer.send(b"\0")

    def clear(self) -> None:
        with suppress(BlockingIOError):
            self.reader.recv(4096)

    def wait(self, seconds: float) -> None:
        """Wait for this long, or until somebody calls `wake`."""
        select.select([self.reader], [], [], seconds)

    def close(self) -> None:
        self.writer.close()
        self.reader.close()


class EventListener:
    """Waits for new events by polling; the subclass also receives notifications.

    Every `interval` seconds it requests a check of all jobs, however often it was woken
    in between.
    """

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.full_check_at = time.monotonic() + interval

    def wait(self, pipe: WakeUpPipe) -> set[UUID] | None:
        """Wait, then return the jobs with new events. None: check all jobs."""
        notified = self.notified_jobs()
        if not notified:
            seconds_left = max(0.0, self.full_check_at - time.monotonic())
            select.select([pipe.reader, *self.sources()], [], [], seconds_left)
            pipe.clear()
            notified = self.notified_jobs()
        if time.monotonic() < self.full_check_at:
            return notified
        self.full_check_at = time.monotonic() + self.interval
        return None

    def sources(self) -> list[Any]:
        """For `select`: the sockets that become readable with a notification."""
        return []

    def notified_jobs(self) -> set[UUID]:
        """The jobs of the notifications that have arrived since the last call."""
        return set()


class NotificationListener(EventListener):
    """Receives notifications on this thread's connection, from its creation on."""

    def __init__(self) -> None:
        super().__init__(FULL_CHECK_SECONDS)
        with database().cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")

    def sources(self) -> list[Any]:
        return [database().connection]

    def notified_jobs(self) -> set[UUID]:
        """The jobs of the notifications that have arrived since the last call.

        It is called before a wait, too: a notification that came with the result of a
        query does not make the socket readable.
        """
        connection = database()
        with connection.wrap_database_errors:
            notifications = connection.connection.notifies(timeout=0)
            return {UUID(notification.payload) for notification in notifications}


def event_listener() -> EventListener:
    """The listener for this database; it receives events from now on."""
    if database().vendor == "postgresql":
        return NotificationListener()
    return EventListener(settings.SKILLFLEET_STREAM_POLL.total_seconds())
