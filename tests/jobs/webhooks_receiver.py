"""A real receiver of webhooks, on a socket of this host."""

import base64
import hmac
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """Answers with these statuses in turn, then with 204; keeps each request."""

    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    silent: threading.Event | None = None

    def receive(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        self.got.append(({k.lower(): v for k, v in request.headers.items()}, body))
        if self.silent:
            self.silent.wait(20)
        request.send_response(self.answers.pop(0) if self.answers else 204)
        request.send_header("Location", f"{self.url}/elsewhere")
        request.end_headers()


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.receive(self)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()


def verify(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """The code that docs/howto/follow-a-job.md shows to those who write a receiver."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message, sent_at = headers["webhook-id"], headers["webhook-timestamp"]
    signed = f"{message}.{sent_at}.".encode() + body
    mine = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    versions = [one.split(",", 1) for one in headers["webhook-signature"].split()]
    genuine = any(
        version == "v1" and hmac.compare_digest(mine, theirs)
        for version, theirs in versions
    )
    return genuine and abs(time.time() - int(sent_at)) < 300
