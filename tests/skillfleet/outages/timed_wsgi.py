"""The project's WSGI entry; each answer has a header with the time that its request
waited for the cache server, in milliseconds."""

import threading
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from cachelayer.redis.client import Connections
from tests.skillfleet.transactional.dying_wsgi import application as served

this_request = threading.local()
exchange = Connections.exchange


def timed(connections: Connections, commands: Any) -> Any:
    started = perf_counter()
    try:
        return exchange(connections, commands)
    finally:
        spent = getattr(this_request, "waited", 0.0)
        this_request.waited = spent + perf_counter() - started


Connections.exchange = timed  # type: ignore[method-assign]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    this_request.waited = 0.0

    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        waited = f"{this_request.waited * 1000:.2f}"
        return start_response(status, [*headers, ("X-Cache-Wait", waited)], *more)

    answer: Iterable[bytes] = served(environ, start)
    return answer
