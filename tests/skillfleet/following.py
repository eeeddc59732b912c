"""Event streams read from the ASGI application in this process."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db import connections

from jobs.models import Job
from skillfleet.accounts.tokens import make_token
from skillfleet.asgi import application

CEILING = 20
END = None


class Event(NamedTuple):
    seq: int
    kind: str
    body: dict[str, Any]


class Stream:
    """`async with Stream(job, token) as stream`; leaving the block closes the
    connection."""

    def __init__(
        self, job: Job, token: str, after: int | None = None, method: str = "GET"
    ) -> None:
        headers = {
            "host": "localhost",
            "accept": "text/event-stream",
            "authorization": f"Bearer {token}",
        }
        if after is not None:
            headers["last-event-id"] = str(after)
        self.scope = {
            "type": "http",
            "method": method,
            "path": f"/api/v1/jobs/{job.pk}/events",
            "query_string": b"",
            "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        }
        self.waiting = [{"type": "http.request", "body": b"", "more_body": False}]
        self.disconnected = asyncio.Event()
        self.chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.started: asyncio.Future[dict[str, Any]] = asyncio.Future()

    async def __aenter__(self) -> "Stream":
        self.task = asyncio.create_task(
            application(self.scope, self.receive, self.send)
        )
        self.start = await asyncio.wait_for(self.started, CEILING)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.disconnected.set()
        await asyncio.wait_for(self.task, CEILING)

    async def receive(self) -> dict[str, Any]:
        if not self.waiting:
            await self.disconnected.wait()
            return {"type": "http.disconnect"}
        return self.waiting.pop()

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.started.set_result(message)
            return
        self.chunks.put_nowait(message.get("body", b""))
        if not message.get("more_body"):
            self.chunks.put_nowait(END)

    @property
    def status(self) -> int:
        return self.start["status"]

    @property
    def headers(self) -> dict[str, str]:
        return {k.decode(): v.decode() for k, v in self.start["headers"]}

    async def chunk(self) -> bytes | None:
        return await asyncio.wait_for(self.chunks.get(), CEILING)

    async def body(self) -> Any:
        """The whole body of an answer that is no stream, as JSON."""
        return json.loads(await self.chunk() or b"")

    async def events(self, until: str | None = None) -> list[Event]:
        """The events up to one of this kind, or to the end of the stream."""
        received: list[Event] = []
        try:
            async with asyncio.timeout(CEILING):
                while (chunk := await self.chunks.get()) is not END:
                    received += filter(None, map(parsed, chunk.split(b"\n\n")))
                    if until in [event.kind for event in received]:
                        break
        except TimeoutError:
            raise AssertionError(f"no {until or 'end'} after {received}") from None
        return received

    async def heartbeat(self) -> None:
        """Read the next heartbeat; nothing else may come before it."""
        while not (chunk := await self.chunk() or b"").startswith(b":"):
            assert not parsed(chunk.strip()), chunk


def parsed(frame: bytes) -> Event | None:
    fields = dict(line.split(": ", 1) for line in frame.decode().splitlines() if line)
    if "id" not in fields:
        return None
    return Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))


def run(scenario: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(scenario)


async def aside(act: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function on a thread with its own connection, as another process would."""

    def acted() -> Any:
        try:
            return act(*args, **kwargs)
        finally:
            connections.close_all()

    return await asyncio.to_thread(acted)


def token_of(user: User) -> str:
    return make_token(user).secret
