"""A connection that drops its commit hooks after what may have been a COMMIT.

Django calls the hooks when a COMMIT has returned. When it raises, the connection
having been lost, the database may have committed all the same; and switching
autocommit on commits on SQLite without calling them.
"""

from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

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
        except BaseException:
            call(hooks)
            raise

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
    for hook in hooks:
        hook.retire()
