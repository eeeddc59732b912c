"""The taxonomy over WSGI, in process: from the request to the end of the response."""

import io
import sys
from collections.abc import Callable, Iterator
from typing import Any

from django.test import override_settings

from benchmarks.caching import tree
from benchmarks.caching.contenders import (
    CONTENDERS,
    SHIPPED_HIT,
    SHIPPED_UNCACHED,
    STATIC,
    UNCACHED,
    Contender,
    token,
)
from benchmarks.caching.scale import Scale
from benchmarks.caching.settings import beside, with_ours
from benchmarks.page import duration, of_limit, table, times
from benchmarks.rounds import Seconds, interleaved, median, per_call, ratio


def request_of(contender: Contender, secret: str) -> dict[str, Any]:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": contender.address,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost:8000",
        "HTTP_ACCEPT": "*/*",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
    }
    if contender.shipped:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return environ


def asking(contender: Contender, secret: str) -> Callable[[], bytes]:
    """Send one request, read its body, and do what a server does at its end."""
    from benchmarks.caching.served import application

    environ, statuses = request_of(contender, secret), [""]

    def start_response(status: str, headers: Any, *_: Any) -> None:
        statuses[0] = status

    def ask() -> bytes:
        response: Any = application(environ.copy(), start_response)
        body = b"".join(response)
        response.close()
        if statuses[0] != "200 OK":
            raise AssertionError(f"{contender.address}: {statuses[0]} {body[:200]!r}")
        return body

    return ask


def timed(contender: Contender, secret: str, scale: Scale) -> Callable[[], float]:
    ask = asking(contender, secret)
    time = per_call(ask, scale.seconds * 5)

    def measured() -> float:
        alias = contender.alias
        with override_settings(CACHELAYER=with_ours(alias), CACHES=beside(alias)):
            assert ask() == tree.answer(), f"{contender.address} answers otherwise"
            return time()

    return measured


def measure(scale: Scale) -> dict[str, Seconds]:
    tree.plant()
    secret = token()
    chosen = {name: timed(each, secret, scale) for name, each in CONTENDERS.items()}
    return interleaved(chosen, scale.rounds)


def section(results: dict[str, Seconds]) -> Iterator[str]:
    """A row for each contender: time, and ratios to the static and the uncached
    view."""
    head = ["", "one answer", "of a static view", "faster than not cached"]
    yield from table(head, (row(name, results) for name in results))


def row(name: str, results: dict[str, Seconds]) -> list[str]:
    ours, timings = CONTENDERS[name].ours, results[name]
    computed = results[SHIPPED_UNCACHED if CONTENDERS[name].shipped else UNCACHED]
    cached = name not in (UNCACHED, SHIPPED_UNCACHED)
    return [
        f"**{name}**" if ours and name != SHIPPED_HIT else name,
        duration(median(timings), ours=ours),
        of_limit(ratio(timings, results[STATIC]), ours=ours),
        times(ratio(computed, timings)) if cached else "",
    ]
