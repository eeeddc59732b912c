"""The open event streams of one process, and the listener thread that serves them."""

import asyncio
import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import Error, connections

from jobs.models import Job, JobEvent
from jobs.streams.notifications import Bell, ear, wait_out
from jobs.streams.stream import frames

logger = logging.getLogger(__name__)
RETRY_SECONDS = 1.0
PAGE = 100
"""Events that a stream is handed at a time: what it may hold in memory."""
ASKED_AT_ONCE = 500
"""Jobs in one query."""


class State(NamedTuple):
    """How far a job was when it was last looked at."""

    newest: int
    ended: bool


class Page(NamedTuple):
    """Some events of a job as bytes; `last`: the job has ended with them."""

    frames: bytes
    seq: int
    last: bool


GONE = State(newest=0, ended=True)
"""The job was pruned while it was streamed."""


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

        pass

        for (job_id, after), state in self.hub.due().items():
            known = JobEvent.objects.filter(job_id=job_id, seq__gt=after)
            events = list(known.order_by("seq")[:PAGE])
            newest = events[-1].seq if events else after
            if newest > state.newest:  # it has gone on since the look
                self._look([job_id])
            last = state.ended and (newest == state.newest or not events)
            self.hub.deliver(job_id, after, Page(frames(events), newest, last))


def states(job_ids: list[UUID]) -> dict[UUID, State]:
    rows = Job.objects.filter(pk__in=job_ids)
    found = rows.values_list("pk", "events", "completed_at")
    return {pk: State(events, ended is not None) for pk, events, ended in found}


class TooManyStreams(Exception):
    """No place for one more stream."""

    def __init__(self, status_code: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status_code, self.code = status_code, code


class Subscription:
    """One stream's place; `after` is the last event that it has taken."""

    def __init__(self, hub: "Hub", job_id: UUID, user_id: int, after: int) -> None:
        self.hub, self.job_id, self.user_id, self.after = hub, job_id, user_id, after
        self.loop = asyncio.get_running_loop()
        self.coming: asyncio.Future[Page] | None = None

    def next_page(self) -> "asyncio.Future[Page]":
        """Done when there are events after `after`, or there will be none."""
        if self.coming is None:
            self.coming = self.loop.create_future()
            self.hub.want(self)
        return self.coming

    def take(self) -> Page:
        """The page that has come."""
        assert self.coming is not None  # noqa: S101 as for any future's result
        page, self.coming = self.coming.result(), None
        self.after = page.seq
        return page

    def deliver(self, page: Page) -> None:
        """Called on the listener's thread."""
        self.loop.call_soon_threadsafe(self._deliver, page)

    def _deliver(self, page: Page) -> None:
        if self.coming is not None and not self.coming.done():
            self.coming.set_result(page)


class Hub:
    """Its listener lives as long as there are streams, and no longer."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.streams: dict[UUID, set[Subscription]] = defaultdict(set)
        self.users: Counter[int] = Counter()
        self.states: dict[UUID, State] = {}
        self.waiting: set[Subscription] = set()
        self.listener: Listener | None = None

    def join(self, job_id: UUID, user_id: int, after: int) -> Subscription:
        """Raises TooManyStreams."""
        with self.lock:
            self._check_room(user_id)
            mine = Subscription(self, job_id, user_id, after)
            self.streams[job_id].add(mine)
            self.users[user_id] += 1
            if self.listener is None:
                self.listener = Listener(self)
                self.listener.start()
        return mine

    def _check_room(self, user_id: int) -> None:
        if self.users[user_id] >= settings.SKILLFLEET_STREAMS_PER_USER:
            raise TooManyStreams(
                429,
                "too_many_streams",
                f"You have {self.users[user_id]} streams open, the most allowed;"
                " close one, or ask for JSON with ?after=.",
            )
        if self.users.total() >= settings.SKILLFLEET_STREAMS:
            raise TooManyStreams(
                503,
                "no_stream_free",
                "This server streams to as many as it may; try again later, or ask"
                " for JSON with ?after=.",
            )

    def leave(self, mine: Subscription) -> None:
        with self.lock:
            self.waiting.discard(mine)
            self.streams[mine.job_id].discard(mine)
            if not self.streams[mine.job_id]:
                del self.streams[mine.job_id]
                self.states.pop(mine.job_id, None)
            self.users[mine.user_id] -= 1
            self.users = +self.users  # forget who has none
            if not self.streams and self.listener:
                self.listener.stop()
                self.listener = None

    def want(self, mine: Subscription) -> None:
        """It has taken all that it got: the next page, please."""
        with self.lock:
            self.waiting.add(mine)
            state = self.states.get(mine.job_id)
            if self.listener and (state is None or due(mine, state)):
                self.listener.bell.ring()

    def to_look_at(self, heard: set[UUID] | None) -> list[UUID]:
        """Streamed jobs that may have news, or that nobody has looked at yet."""
        with self.lock:
            return [
                job_id
                for job_id in self.streams
                if heard is None or job_id in heard or job_id not in self.states
            ]

    def note(self, looked_at: Iterable[UUID], found: dict[UUID, State]) -> None:
        """What a look has found; a job that was not found is gone."""
        with self.lock:
            for job_id in looked_at:
                if job_id in self.streams:
                    self.states[job_id] = found.get(job_id, GONE)

    def due(self) -> dict[tuple[UUID, int], State]:
        """Which pages are waited for and there: a job, and after which event."""
        with self.lock:
            return {
                (each.job_id, each.after): state
                for each in self.waiting
                if (state := self.states.get(each.job_id)) and due(each, state)
            }

    def deliver(self, job_id: UUID, after: int, page: Page) -> None:
        with self.lock:
            served = {
                each
                for each in self.waiting & self.streams.get(job_id, set())
                if each.after == after
            }
            self.waiting -= served
        for each in served:
            each.deliver(page)


def due(one: Subscription, state: State) -> bool:
    return state.newest > one.after or state.ended


hub = Hub()
"""The hub of this process."""
