"""The one thread of a process that asks the database for all its streams."""

import logging
import threading
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import Error, connections

from jobs.streams.notices import Bell, ear, wait_out

if TYPE_CHECKING:
    from jobs.streams.hub import Hub, State

logger = logging.getLogger(__name__)
RETRY_SECONDS = 1.0
PAGE = 100
"""Events that a stream is handed at a time: what it may hold in memory."""
ASKED_AT_ONCE = 500
"""Jobs in one query."""


class Listener:
    """Outlives a database that is away: when it is back, all is looked at anew."""

    def __init__(self, hub: "Hub") -> None:
        self.hub = hub
        self.bell = Bell()
        self.stopping = False
        self.thread = threading.Thread(
            target=self._run, name="event listener", daemon=True
        )

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.stopping = True
        self.bell.ring()

    def _run(self) -> None:
        try:
            while not self.stopping:
                self._outlast()
        finally:
            connections.close_all()
            self.bell.close()

    def _outlast(self) -> None:
        try:
            self._listen()
        except Error as error:
            logger.warning("event listener waits for the database error=%s", error)
            connections.close_all()
            wait_out(self.bell, RETRY_SECONDS)
        except Exception:
            logger.exception("event listener begins again")
            connections.close_all()
            wait_out(self.bell, RETRY_SECONDS)

    def _listen(self) -> None:
        """Listens before it looks: an event in between is heard of twice, not never."""
        listening = ear()
        heard: set[UUID] | None = None
        while not self.stopping:
            self._look(self.hub.to_look_at(heard))
            self._serve()
            heard = listening.wait(self.bell)

    def _look(self, job_ids: list[UUID]) -> None:
        for start in range(0, len(job_ids), ASKED_AT_ONCE):
            some = job_ids[start : start + ASKED_AT_ONCE]
            self.hub.note(some, states(some))

    def _serve(self) -> None:
        from jobs.models import JobEvent
        from jobs.streams.frames import frames
        from jobs.streams.hub import Page

        for (job_id, after), state in self.hub.due().items():
            known = JobEvent.objects.filter(job_id=job_id, seq__gt=after)
            events = list(known.order_by("seq")[:PAGE])
            newest = events[-1].seq if events else after
            if newest > state.newest:  # it has gone on since the look
                self._look([job_id])
            last = state.ended and (newest == state.newest or not events)
            self.hub.deliver(job_id, after, Page(frames(events), newest, last))


def states(job_ids: list[UUID]) -> dict[UUID, "State"]:
    from jobs.models import Job
    from jobs.streams.hub import State

    rows = Job.objects.filter(pk__in=job_ids)
    found = rows.values_list("pk", "events", "completed_at")
    return {pk: State(events, ended is not None) for pk, events, ended in found}
