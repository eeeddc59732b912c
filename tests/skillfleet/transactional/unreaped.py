"""The project's gunicorn settings without the hook that counts abnormal exits."""

from typing import Any

from skillfleet.gunicorn import *  # noqa: F403


def child_exit(server: Any, worker: Any) -> None:
    """Leave the dead worker's invalidations undone."""
