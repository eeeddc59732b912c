"""Requests through the WSGI and ASGI applications, as servers pass them on."""

import asyncio
import io
import json
from typing import Any, NamedTuple
from wsgiref.util import setup_testing_defaults

from asgiref.sync import async_to_sync

from skillfleet.asgi import application as asgi
from skillfleet.wsgi import application as wsgi


class Answer(NamedTuple):
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def by_wsgi(address: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    path, _, query = address.partition("?")
    environ: dict[str, Any] = {
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": "POST",
        "HTTP_HOST": "localhost",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **{name.upper().replace("-", "_"): value for name, value in headers.items()},
    }
    setup_testing_defaults(environ)
    started: list[str] = []
    response = wsgi(environ, lambda status, headers: started.append(status))
    content = b"".join(response)
    response.close()
    return Answer(int(started[0][:3]), content)


def by_asgi(address: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    path, _, query = address.partition("?")
    named = {"host": "localhost", "content-length": str(len(body)), **headers}
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    sent: list[dict[str, Any]] = []
    waiting = [{"type": "http.request", "body": body}]

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()  # the client stays until it is answered
        return waiting.pop()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async_to_sync(asgi)(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in sent)
    return Answer(sent[0]["status"], content)
