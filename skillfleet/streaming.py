"""The ASGI application: Django's, and event streams that outlive their request."""

import asyncio
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.db import connections
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from jobs.streams.hub import TooManyStreams, hub
from jobs.streams.stream import EXTENSION, EventStream, Send, Sender
from skillfleet.api.errors import json_error
from skillfleet.requests import ASGIAnyContentType

RETRY_AFTER = "30"


class Client:
    """A request's receive and send channels.

    It detects a disconnect after Django has stopped listening for one. `stream` is the
    event stream that the view has returned, if any.
    """

    def __init__(self, receive: Any, send: Send) -> None:
        self._receive, self._send = receive, send
        self._disconnect: asyncio.Task[Any] | None = None
        self._body_read = False
        self._bytes_left = settings.SKILLFLEET_MAX_BODY_BYTES
        self.status = 0
        self.stream: EventStream | None = None

    async def receive(self) -> Any:
        """The body, then the disconnect, which several readers may wait for.

        Django writes a body to disk before its length is checked. A body over the
        limit is cut off here; `StrictRequests` refuses it by its headers.
        """
        if self._body_read:
            return await asyncio.shield(self.disconnect)
        message = await self._receive()
        self._bytes_left -= len(message.get("body", b""))
        if self._bytes_left < 0:
            message = {"type": "http.request", "body": b"", "more_body": False}
        self._body_read = not message.get("more_body", False)
        return message

    @property
    def disconnect(self) -> "asyncio.Task[Any]":
        if self._disconnect is None:
            self._disconnect = asyncio.ensure_future(self._wait_for_disconnect())
        return self._disconnect

    async def _wait_for_disconnect(self) -> Any:
        while (message := await self._receive())["type"] == "http.request":
            pass  # the rest of a body that was cut off
        return message

    async def send(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        await self._send(message)

    __call__ = send

    def close(self) -> None:
        if self._disconnect:
            self._disconnect.cancel()


class ASGIApplication(ASGIHandler):
    """Django's handler, which also serves a view's EventStream.

    The request ends when the view has returned the stream; the stream goes on without
    a thread or a database connection.
    """

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
        """Handle a request, then close the connections that its thread opened."""
        try:
            await super().handle(scope, receive, send)
        finally:
            await sync_to_async(close_connections)()

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Run the view; at most SKILLFLEET_EVENTS_THREADS at a time use the database.

        After a restart all clients reconnect at once, and the web server and the
        workers need database connections too.
        """
        async with self.answering:
            try:
                return await super().get_response_async(request)
            finally:
                await sync_to_async(close_connections)()

    async def send_response(self, response: HttpResponseBase, send: Any) -> None:
        """Send the response; leave an EventStream to `__call__`, after the request."""
        if isinstance(response, EventStream):
            send.stream = response
        else:
            await super().send_response(response, send)

    async def stream(self, scope: Any, client: Client, stream: EventStream) -> None:
        try:
            subscription = hub.join(stream.job_id, stream.user_id, stream.after)
        except TooManyStreams as refused:
            await super().send_response(refusal(refused, stream), client)
            return
        try:
            sender = Sender(
                subscription, client, client.disconnect, lambda: self.allows(scope)
            )
            await client.send(opening(stream))
            if scope["method"] != "HEAD":
                await sender.run()
            await client.send({"type": "http.response.body"})
        finally:
            hub.leave(subscription)

    async def allows(self, scope: Any) -> bool:
        """Repeat the request, to check whether the client may go on reading.

        A server error does not end the stream. One check runs at a time, so that all
        streams together use one connection for them.
        """
        async with self.rechecking:
            repeated = Client(empty_body(), drop)
            try:
                await super().__call__(scope, repeated.receive, repeated)
            finally:
                repeated.close()
        return repeated.stream is not None or not 400 <= repeated.status < 500


def close_connections() -> None:
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:  # a test's transaction stays open
            connection.close()


def opening(stream: EventStream) -> dict[str, Any]:
    headers = [(k.encode(), v.encode("latin1")) for k, v in stream.items()]
    return {"type": "http.response.start", "status": 200, "headers": headers}


def refusal(refused: TooManyStreams, stream: EventStream) -> JsonResponse:
    """The error answer, with the headers that middleware set on the stream."""
    response = json_error(refused.status_code, refused.code, str(refused))
    for name, value in stream.items():
        response.headers.setdefault(name, value)
    response.headers["Retry-After"] = RETRY_AFTER
    return response


def empty_body() -> Any:
    """The `receive` of a request without a body whose client never disconnects."""
    waiting = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if waiting:
            return waiting.pop()
        return await asyncio.get_running_loop().create_future()

    return receive


async def drop(message: Any) -> None:
    """A `send` that discards the message."""
