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
from jobs.streams.notifications import WakeUpPipe, event_listener
from jobs.streams.stream import frames

logger = logging.getLogger(__name__)
RETRY_SECONDS = 1.0
PAGE_SIZE = 100
"""How many events a stream gets at a time, and so keeps in memory."""
JOBS_PER_QUERY = 500


class State(NamedTuple):
    """A job when it was last checked; `newest` is the `seq` of its last event."""

    newest: int
    ended: bool


class Page(NamedTuple):
    """Events of a job up to `seq`, as bytes; `last`: no further ones will follow."""

    frames: bytes
    seq: int
    last: bool


PRUNED = State(newest=0, ended=True)
"""The state of a job that was pruned while it was streamed."""


class EventThread:
    """The thread that reads new events for all streams of the process.

    While the database does not answer it waits; then it checks all jobs again.
    """

    def __init__(self, hub: "Hub") -> None:
        self.hub = hub
        self.pipe = WakeUpPipe()
        self.stopping = False
        self.thread = threading.Thread(
            target=self._run, name="event listener", daemon=True
        )

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.stopping = True
        self.pipe.wake()

    def _run(self) -> None:
        try:
            while not self.stopping:
                self._listen_until_error()
        finally:
            connections.close_all()
            self.pipe.close()

    def _listen_until_error(self) -> None:
        try:
            self._listen()
        except Error as error:
            logger.warning(
                "event listener: database unavailable, retrying error=%s", error
            )
            connections.close_all()
            self.pipe.wait(RETRY_SECONDS)
        except Exception:
            logger.exception("event listener starts again")
            connections.close_all()
            self.pipe.wait(RETRY_SECONDS)

    def _listen(self) -> None:
        """Start to listen before the first check, so that no event is missed."""
        listener = event_listener()
        notified: set[UUID] | None = None
        while not self.stopping:
            self._check(self.hub.jobs_to_check(notified))
            self._deliver_pages()
            notified = listener.wait(self.pipe)

    def _check(self, job_ids: list[UUID]) -> None:
        for start in range(0, len(job_ids), JOBS_PER_QUERY):
            batch = job_ids[start : start + JOBS_PER_QUERY]
            self.hub.save_states(batch, states(batch))

    def _deliver_pages(self) -> None:
        for (job_id, after), state in self.hub.due_pages().items():
            later = JobEvent.objects.filter(job_id=job_id, seq__gt=after)
            events = list(later.order_by("seq")[:PAGE_SIZE])
            newest = events[-1].seq if events else after
            if newest > state.newest:  # the job has changed since the check
                self._check([job_id])
            last = state.ended and (newest == state.newest or not events)
            self.hub.deliver(job_id, after, Page(frames(events), newest, last))


def states(job_ids: list[UUID]) -> dict[UUID, State]:
    """The states of these jobs, without those that were pruned."""
    jobs = Job.objects.filter(pk__in=job_ids)
    rows = jobs.values_list("pk", "events", "completed_at")
    return {pk: State(events, ended is not None) for pk, events, ended in rows}


class TooManyStreams(Exception):
    """The user or the server has as many streams as allowed."""

    def __init__(self, status_code: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status_code, self.code = status_code, code


class Subscription:
    """The subscription of a stream; `after` is the `seq` of the last event taken."""

    def __init__(self, hub: "Hub", job_id: UUID, user_id: int, after: int) -> None:
        self.hub, self.job_id, self.user_id, self.after = hub, job_id, user_id, after
        self.loop = asyncio.get_running_loop()
        self.pending_page: asyncio.Future[Page] | None = None

    def next_page(self) -> "asyncio.Future[Page]":
        """A future that is done once there are later events, or can be none."""
        if self.pending_page is None:
            self.pending_page = self.loop.create_future()
            self.hub.request_page(self)
        return self.pending_page

    def take(self) -> Page:
        """Take the page that has arrived; the next call of `next_page` waits again.

        The caller must have awaited the future of `next_page`.
        """
        assert self.pending_page is not None  # noqa: S101
        page, self.pending_page = self.pending_page.result(), None
        self.after = page.seq
        return page

    def deliver(self, page: Page) -> None:
        """Hand over a page; called on the EventThread."""
        self.loop.call_soon_threadsafe(self._deliver, page)

    def _deliver(self, page: Page) -> None:
        if self.pending_page is not None and not self.pending_page.done():
            self.pending_page.set_result(page)


class Hub:
    """The open streams of a process; its EventThread runs while there are any."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.streams: dict[UUID, set[Subscription]] = defaultdict(set)
        self.users: Counter[int] = Counter()
        self.states: dict[UUID, State] = {}
        self.waiting: set[Subscription] = set()
        self.listener: EventThread | None = None

    def join(self, job_id: UUID, user_id: int, after: int) -> Subscription:
        """Open a stream of the events after `after`. Raises TooManyStreams."""
        with self.lock:
            self._check_limits(user_id)
            subscription = Subscription(self, job_id, user_id, after)
            self.streams[job_id].add(subscription)
            self.users[user_id] += 1
            if self.listener is None:
                self.listener = EventThread(self)
                self.listener.start()
        return subscription

    def _check_limits(self, user_id: int) -> None:
        if self.users[user_id] >= settings.SKILLFLEET_STREAMS_PER_USER:
            raise TooManyStreams(
                429,
                "too_many_streams",
                f"You have {self.users[user_id]} open streams, which is the limit;"
                " close one, or ask for JSON with ?after=.",
            )
        if self.users.total() >= settings.SKILLFLEET_STREAMS:
            raise TooManyStreams(
                503,
                "no_stream_free",
                "This server has reached its limit of streams; try again later, or ask"
                " for JSON with ?after=.",
            )

    def leave(self, subscription: Subscription) -> None:
        """Close the stream; the thread ends with the last one."""
        with self.lock:
            self.waiting.discard(subscription)
            self.streams[subscription.job_id].discard(subscription)
            if not self.streams[subscription.job_id]:
                del self.streams[subscription.job_id]
                self.states.pop(subscription.job_id, None)
            self.users[subscription.user_id] -= 1
            self.users = +self.users  # without users that have none
            if not self.streams and self.listener:
                self.listener.stop()
                self.listener = None

    def request_page(self, subscription: Subscription) -> None:
        """Deliver a page to this subscription as soon as there is one."""
        with self.lock:
            self.waiting.add(subscription)
            state = self.states.get(subscription.job_id)
            if self.listener and (state is None or is_due(subscription, state)):
                self.listener.pipe.wake()

    def jobs_to_check(self, notified: set[UUID] | None) -> list[UUID]:
        """Streamed jobs that may have new events, or that were never checked."""
        with self.lock:
            return [
                job_id
                for job_id in self.streams
                if notified is None or job_id in notified or job_id not in self.states
            ]

    def save_states(self, checked: Iterable[UUID], states: dict[UUID, State]) -> None:
        """Save the result of a check; a job without a state was pruned."""
        with self.lock:
            for job_id in checked:
                if job_id in self.streams:
                    self.states[job_id] = states.get(job_id, PRUNED)

    def due_pages(self) -> dict[tuple[UUID, int], State]:
        """The pages that can be delivered, by job and by the `seq` before them."""
        with self.lock:
            return {
                (each.job_id, each.after): state
                for each in self.waiting
                if (state := self.states.get(each.job_id)) and is_due(each, state)
            }

    def deliver(self, job_id: UUID, after: int, page: Page) -> None:
        """Deliver the page to all streams that wait for it."""
        with self.lock:
            receivers = {
                each
                for each in self.waiting & self.streams.get(job_id, set())
                if each.after == after
            }
            self.waiting -= receivers
        for each in receivers:
            each.deliver(page)


def is_due(subscription: Subscription, state: State) -> bool:
    """Whether the stream can get a page: later events, or the end of the job."""
    return state.newest > subscription.after or state.ended


hub = Hub()
"""The hub of this process."""
