"""The ASGI application: Django's, and event streams that outlive their request."""

import asyncio
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.db import connections
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from jobs.streams.hub import TooManyStreams
from jobs.streams.stream import EXTENSION, EventStream, Send, Sender
from skillfleet.api.errors import json_error
from skillfleet.requests import ASGIAnyContentType

RETRY_AFTER = "30"


class Client:
    """A request's two ends, with what Django alone cannot tell: when the person has
    gone, after Django has stopped to look, and the stream that a view promised."""

    def __init__(self, receive: Any, send: Send) -> None:
        self._receive, self._send = receive, send
        self._gone: asyncio.Task[Any] | None = None
        self._whole = False
        self._left = settings.SKILLFLEET_MAX_BODY_BYTES
        self.status = 0
        self.stream: EventStream | None = None

    async def receive(self) -> Any:
        """The body; then, once for all who wait for it, the disconnect.

        Django keeps a body on disk before anything asks how long it may be: what is
        over the limit is cut off here, and refused there by its headers.
        """
        if self._whole:
            return await asyncio.shield(self.gone)
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            message = {"type": "http.request", "body": b"", "more_body": False}
        self._whole = not message.get("more_body", False)
        return message

    @property
    def gone(self) -> "asyncio.Task[Any]":
        if self._gone is None:
            self._gone = asyncio.ensure_future(self._leave())
        return self._gone

    async def _leave(self) -> Any:
        while (message := await self._receive())["type"] == "http.request":
            pass  # what was cut off
        return message

    async def send(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        await self._send(message)

    __call__ = send

    def close(self) -> None:
        if self._gone:
            self._gone.cancel()


class ASGIApplication(ASGIHandler):
    """Django's, until a view answers with an EventStream: then the request ends, and
    the stream goes on without its thread and its connection."""

    request_class = ASGIAnyContentType

    def __init__(self) -> None:
        super().__init__()
        self.rechecking = asyncio.Semaphore(1)
        self.answering = asyncio.Semaphore(settings.SKILLFLEET_EVENTS_THREADS)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        extensions = {**(scope.get("extensions") or {}), EXTENSION: {}}
        scope = {**scope, "extensions": extensions}
        client = Client(receive, send)
        try:
            await super().__call__(scope, client.receive, client)
            if client.stream:
                await self.stream(scope, client, client.stream)
        finally:
            client.close()

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Each request has a thread of its own: what that connected to ends with it."""
        try:
            await super().handle(scope, receive, send)
        finally:
            await sync_to_async(close_connections)()

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Only so many at a time are connected: after a restart all come back at once,
        and the database's connections are the web server's and the workers' too."""
        async with self.answering:
            try:
                return await super().get_response_async(request)
            finally:
                await sync_to_async(close_connections)()

    async def send_response(self, response: HttpResponseBase, send: Any) -> None:
        if isinstance(response, EventStream):
            send.stream = response
        else:
            await super().send_response(response, send)

    async def stream(self, scope: Any, client: Client, stream: EventStream) -> None:
        try:
            subscription = stream.subscribe()
        except TooManyStreams as refused:
            await super().send_response(refusal(refused, stream), client)
            return
        try:
            sender = Sender(
                subscription, client, client.gone, lambda: self.allows(scope)
            )
            await client.send(opening(stream))
            if scope["method"] != "HEAD":
                await sender.run()
            await client.send({"type": "http.response.body"})
        finally:
            subscription.hub.leave(subscription)

    async def allows(self, scope: Any) -> bool:
        """Asks the same request again. A fault of ours is not the person's, and a
        connection at a time is enough."""
        async with self.rechecking:
            asked = Client(empty_body(), drop)
            try:
                await super().__call__(scope, asked.receive, asked)
            finally:
                asked.close()
        return asked.stream is not None or not 400 <= asked.status < 500


def close_connections() -> None:
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:  # then it is not this request's own
            connection.close()


def opening(stream: EventStream) -> dict[str, Any]:
    headers = [(k.encode(), v.encode("latin1")) for k, v in stream.items()]
    return {"type": "http.response.start", "status": 200, "headers": headers}


def refusal(refused: TooManyStreams, stream: EventStream) -> JsonResponse:
    """With the headers that the middleware gives every answer."""
    response = json_error(refused.status_code, refused.code, str(refused))
    for name, value in stream.items():
        response.headers.setdefault(name, value)
    response.headers["Retry-After"] = RETRY_AFTER
    return response


def empty_body() -> Any:
    """A `receive` of a request without a body, from somebody who stays."""
    waiting = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if waiting:
            return waiting.pop()
        return await asyncio.get_running_loop().create_future()

    return receive


async def drop(message: Any) -> None:
    """A `send` to nobody."""
