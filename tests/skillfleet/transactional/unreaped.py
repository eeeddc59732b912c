"""The project's gunicorn settings, less the one that counts deaths."""

from typing import Any

from skillfleet.gunicorn import *  # noqa: F403


def child_exit(server: Any, worker: Any) -> None:
    """Nobody retires what the dead could not."""
