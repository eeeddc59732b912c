"""The project's WSGI entry, with each answer naming its process.

A request with X-Die kills its worker between COMMIT and invalidation.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterable
from typing import Any

from cachelayer import transactions
from skillfleet.wsgi import application as served

this_request = threading.local()
bump = transactions.invalidate_now


def bump_or_die(tags: Iterable[str]) -> None:
    if getattr(this_request, "dies", False):
        os.kill(os.getpid(), signal.SIGKILL)
    bump(tags)


transactions.invalidate_now = bump_or_die


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    this_request.dies = "HTTP_X_DIE" in environ

    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        signed = [*headers, ("X-Process", str(os.getpid()))]
        return start_response(status, signed, *more)

    return served(environ, start)
