"""A connection whose commit hooks retire with the COMMIT itself, whatever comes of it.

Django calls hooks when autocommit is switched on again: after a commit by hand that
may be never, and a rollback in between drops them. When a COMMIT raises, the connection
having been lost, the database may have committed all the same; and switching
autocommit on commits on SQLite without calling them.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)
Waiting = Callable[[BaseDatabaseWrapper], list[Any]]


def watch(connection: BaseDatabaseWrapper, waiting: Waiting) -> None:
    """From now on: the hooks that `waiting` names are called in any case."""
    if not isinstance(connection, Watched):
        connection.__class__ = watched(type(connection), waiting)


class Watched:
    """Over a backend's own connection, which Django makes others like."""

    waiting: Callable[[], list[Any]]

    def commit(self: Any) -> None:
        hooks = self.waiting()
        try:
            super().commit()  # type: ignore[misc]
        finally:
            call(hooks)

    def set_autocommit(self: Any, autocommit: bool, *args: Any, **options: Any) -> None:
        try:
            super().set_autocommit(autocommit, *args, **options)  # type: ignore[misc]
        finally:
            left = self.waiting() if autocommit else []
            call(left)
        self.run_on_commit = [row for row in self.run_on_commit if row[1] not in left]


def watched(plain: type[BaseDatabaseWrapper], waiting: Waiting) -> type[Any]:
    written = {"__module__": plain.__module__, "waiting": waiting}
    return type(plain.__name__, (Watched, plain), written)


def call(hooks: list[Any]) -> None:
    """One that fails is still waiting: Django calls it again, if it comes to that."""
    for hook in hooks:
        try:
            hook.retire()
        except Exception:
            logger.exception("cache not retired after a commit")
