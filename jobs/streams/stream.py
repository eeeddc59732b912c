"""One event stream: the response, its wire format, and the loop that sends it.

The format is that of Server-Sent Events (WHATWG HTML, 9.2).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from datetime import UTC
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from jobs.models import JobEvent

if TYPE_CHECKING:
    from jobs.streams.hub import Subscription

MEDIA_TYPE = "text/event-stream"
OPENING = b"retry: 2000\n\n"
"""Tells a browser to reconnect after 2000 milliseconds."""
HEARTBEAT = b": still here\n\n"


class JobEventSerializer(serializers.ModelSerializer[JobEvent]):
    data = serializers.DictField()  # type: ignore[assignment]

    class Meta:
        model = JobEvent
        fields = ("seq", "kind", "phase", "data", "at")
        read_only_fields = fields


def frames(events: Iterable[JobEvent]) -> bytes:
    """Events as frames, with the same JSON as in the list; times are in UTC."""
    with timezone.override(UTC):
        return b"".join(map(frame, events))


def frame(event: JobEvent) -> bytes:
    content = JSONRenderer().render(JobEventSerializer(event).data)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        event.seq,
        event.kind.encode(),
        content,
    )


EXTENSION = "skillfleet.streams"
"""If this key is in the ASGI scope's extensions, the server can send event streams."""

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Allowed = Callable[[], Awaitable[bool]]


class EventStream(StreamingHttpResponse):
    """The response of a stream: only headers; the ASGI application sends the body.

    The body is sent after the request has ended, so that it keeps no thread and no
    database connection.
    """

    def __init__(self, job_id: UUID, user_id: int, after: int) -> None:
        super().__init__((), content_type=MEDIA_TYPE)
        self.headers["Cache-Control"] = "no-cache"
        self.headers["X-Accel-Buffering"] = "no"  # nginx would buffer the events
        self.job_id, self.user_id, self.after = job_id, user_id, after


def can_stream(request: HttpRequest) -> bool:
    """Whether the server of this request can send streams."""
    scope = getattr(request, "scope", {})
    return EXTENSION in (scope.get("extensions") or {})


class Sender:
    """Sends events until the job ends, the client disconnects or loses its rights."""

    def __init__(
        self,
        subscription: "Subscription",
        send: Send,
        disconnected: "asyncio.Future[Any]",
        allowed: Allowed,
    ) -> None:
        self.subscription = subscription
        self.send, self.allowed = send, allowed
        self.disconnected = disconnected
        self.loop = asyncio.get_running_loop()
        self.recheck_at = self._next_recheck()

    async def run(self) -> None:
        await self._write(OPENING)
        while not self.disconnected.done():
            page = await self._wait()
            if self.disconnected.done() or not await self._still_allowed():
                return
            await self._write(page.frames if page else HEARTBEAT)
            if page and page.last:
                return

    async def _wait(self) -> Any:
        """The next page; None if the client has disconnected or a heartbeat is due."""
        page = self.subscription.next_page()
        await asyncio.wait(
            {page, self.disconnected},
            timeout=settings.SKILLFLEET_STREAM_HEARTBEAT.total_seconds(),
            return_when=asyncio.FIRST_COMPLETED,
        )
        return self.subscription.take() if page.done() else None

    async def _still_allowed(self) -> bool:
        """Check the rights at intervals: tokens expire, users are deactivated."""
        if self.loop.time() < self.recheck_at:
            return True
        allowed = await self.allowed()
        self.recheck_at = self._next_recheck()
        return allowed

    def _next_recheck(self) -> float:
        return self.loop.time() + settings.SKILLFLEET_STREAM_RECHECK.total_seconds()

    async def _write(self, frames: bytes) -> None:
        if frames:
            await self.send(
                {"type": "http.response.body", "body": frames, "more_body": True}
            )
