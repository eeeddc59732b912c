"""Work on another thread, with database connections of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections


def elsewhere(work: Callable[..., Any], *args: Any) -> Any:
    """The result of `work` on another thread; its exception is raised here."""

    def close_after() -> Any:
        try:
            return work(*args)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(close_after).result(20)
