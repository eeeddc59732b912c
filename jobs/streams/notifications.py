"""How a process learns that a job has a new event, whoever wrote it.

On PostgreSQL the writer's COMMIT says so (NOTIFY). SQLite has nothing like it: there
every look is at all jobs that are streamed.
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
LOOK_SECONDS = 15.0
"""A connection that a firewall has dropped says nothing: look anyway, this often."""


def database() -> BaseDatabaseWrapper:
    """This thread's connection to where events are kept."""
    return connections[router.db_for_write(apps.get_model("jobs", "JobEvent"))]


def notify_listeners(event: "JobEvent", **kwargs: Any) -> None:
    """Have the listeners of all processes look, once this transaction commits."""
    if database().vendor == "postgresql":
        with database().cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(event.job_id)])


class Bell:
    """Wakes a thread that waits in `select`."""

    def __init__(self) -> None:
        self.button, self.clapper = socket.socketpair()
        self.button.setblocking(False)
        self.clapper.setblocking(False)

    def ring(self) -> None:
        with suppress(OSError):  # it rings already, or nobody is there any more
            self.button.send(b"\0")

    def hush(self) -> None:
        with suppress(BlockingIOError):
            self.clapper.recv(4096)

    def close(self) -> None:
        self.button.close()
        self.clapper.close()


class Ear:
    """Waits for news of jobs; however often it is rung, it asks for a look at all
    jobs every `interval` seconds."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.look_at = time.monotonic() + interval

    def wait(self, bell: Bell) -> set[UUID] | None:
        """The jobs that were heard of, which may be none; None: look at all."""
        heard = self.drain()
        if not heard:
            left = max(0.0, self.look_at - time.monotonic())
            select.select([bell.clapper, *self.sources()], [], [], left)
            bell.hush()
            heard = self.drain()
        if time.monotonic() < self.look_at:
            return heard
        self.look_at = time.monotonic() + self.interval
        return None

    def sources(self) -> list[Any]:
        """What becomes readable when there is something to drain."""
        return []

    def drain(self) -> set[UUID]:
        return set()


class ListeningEar(Ear):
    """LISTEN on this thread's connection; what came before it is not heard."""

    def __init__(self) -> None:
        super().__init__(LOOK_SECONDS)
        with database().cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")

    def sources(self) -> list[Any]:
        return [database().connection]

    def drain(self) -> set[UUID]:
        """Before the wait, too: what came with an answer makes no socket readable."""
        connection = database()
        with connection.wrap_database_errors:
            notices = connection.connection.notifies(timeout=0)
            return {UUID(notice.payload) for notice in notices}


def ear() -> Ear:
    """How this database is listened to, from now on."""
    if database().vendor == "postgresql":
        return ListeningEar()
    return Ear(settings.SKILLFLEET_STREAM_POLL.total_seconds())


def wait_out(bell: Bell, seconds: float) -> None:
    """Until the database may be back; a ring ends it, too."""
    select.select([bell.clapper], [], [], seconds)
