"""A client of the API that prints every request with its response."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import Any

from rich.console import Console
from rich.markup import escape


class Failed(Exception):
    """A step did not go as expected; the message is shown to the user."""


SHOWN = ("Location", "X-Cache", "Age", "ETag", "Cache-Control")
TIMEOUT = 30.0


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Message
    body: Any
    milliseconds: float

    def line(self) -> str:
        named = ((name, self.headers.get(name)) for name in SHOWN)
        headers = "  ".join(
            f"[dim]{name}:[/dim] {escape(value)}" for name, value in named if value
        )
        colour = "green" if self.status < 400 else "red"
        status = f"[bold {colour}]{self.status}[/bold {colour}]"
        return f"{status} [dim]{self.milliseconds:.0f} ms[/dim]  {headers}".rstrip()


class Api:
    """`base` is the URL up to the path; without a token requests are anonymous."""

    def __init__(self, base: str, token: str, console: Console) -> None:
        self.base = base
        self.token = token
        self.console = console

    def get(self, path: str, expect: int = 200, **options: Any) -> Reply:
        return self.call("GET", path, expect=expect, **options)

    def post(self, path: str, body: Any, expect: int = 200) -> Reply:
        return self.call("POST", path, body, expect=expect)

    def put(self, path: str, body: Any, expect: int = 200) -> Reply:
        return self.call("PUT", path, body, expect=expect)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        expect: int = 200,
        anonymous: bool = False,
        quiet: bool = False,
    ) -> Reply:
        """Send one request. Any status but the expected one ends the demo."""
        reply = self.send(method, path, body, anonymous=anonymous)
        if not quiet or reply.status != expect:
            request = f"[bold cyan]{method} {escape(path)}[/bold cyan]"
            self.console.print(f"{request} → {reply.line()}", soft_wrap=True)
        if reply.status != expect:
            raise Failed(
                f"{method} {path} answered {reply.status}, not {expect}: "
                f"{json.dumps(reply.body, indent=2, ensure_ascii=False)}"
            )
        return reply

    def send(self, method: str, path: str, body: Any, *, anonymous: bool) -> Reply:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if not anonymous:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(  # noqa: S310 (base is our own server)
            self.base + path,
            data=None if body is None else json.dumps(body).encode(),
            headers=headers,
            method=method,
        )
        began = time.perf_counter()
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                status, received, content = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            status, received, content = refused.code, refused.headers, refused.read()
        except OSError as lost:
            raise Failed(f"{method} {path}: {lost}") from lost
        elapsed = (time.perf_counter() - began) * 1000
        return Reply(status, received, parsed(content), elapsed)


def parsed(content: bytes) -> Any:
    text = content.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
