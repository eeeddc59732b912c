"""Invalidation when a transaction commits, and what may be cached until then.

Django calls commit hooks when autocommit is switched on again: after a commit by hand
that may be never, and a rollback in between drops them. When a COMMIT raises, the
connection having been lost, the database may have committed all the same; and switching
autocommit on commits on SQLite without calling them. So the connection is watched, and
the hooks invalidate with the COMMIT itself.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from django.core.cache import caches
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from cachelayer.conf import option
from cachelayer.keys import widen

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
            hook.invalidate()
        except Exception:
            logger.exception("cache not retired after a commit")


class Marks(threading.local):
    """How often this thread has marked something for retirement."""

    count = 0
    clean_at: object = None
    """What was the latest mark of all when nothing waited on this thread."""


marks = Marks()
latest = object()
"""Another one after each mark of any thread: some share a connection."""


class InvalidationHook:
    """A commit hook. While it waits its connection is dirty; a rollback drops it."""

    def __init__(self) -> None:
        self.tags: set[str] = set()
        self.waits = True
        self.__qualname__ = "InvalidationHook"  # Django logs it when the hook fails

    def __call__(self) -> None:
        self.invalidate()
        backend().refresh_host()

    def invalidate(self) -> None:
        """Once, as soon as the COMMIT returns; Django calls later, if at all."""
        if self.waits:
            bump(self.tags)
            self.waits = False


def backend() -> Any:
    """The cache behind the decorators and cache_manager."""
    return caches[option("ALIAS")]


def bump(tags: Iterable[str]) -> None:
    backend().invalidate_tags(tags)


def invalidate_on_commit(*patterns: str, using: str = DEFAULT_DB_ALIAS) -> None:
    """Retire what these patterns cover when this alias commits; at once outside."""
    if not mark(*patterns, using=using) and patterns:
        bump({widen(pattern) for pattern in patterns})
        backend().refresh_host()


def mark(*patterns: str, using: str = DEFAULT_DB_ALIAS) -> bool:
    """Have them retired on commit; False outside of a transaction.

    Without a pattern the connection is dirty nevertheless.
    """
    connection = connections[using]
    if not uncommitted(connection):
        return False
    global latest
    marks.count += 1
    try:
        _waiting(connection).tags.update(widen(pattern) for pattern in patterns)
    finally:
        latest = object()
    return True


def uncommitted(connection: BaseDatabaseWrapper) -> bool:
    return connection.in_atomic_block or (
        connection.connection is not None and not connection.autocommit
    )


def _waiting(connection: BaseDatabaseWrapper) -> InvalidationHook:
    """This savepoint's hook, in front of all others: one that raises ends the rest."""
    savepoints = set(connection.savepoint_ids)
    hooks: list[Any] = connection.run_on_commit
    for ids, hook, _ in hooks:
        if not isinstance(hook, InvalidationHook):
            break
        if ids == savepoints and hook.waits:
            return hook
    watch(connection, waiting_on)
    hook = InvalidationHook()
    # After commits by hand nobody else removes those that have retired.
    hooks[:] = [
        r for r in hooks if not isinstance(r[1], InvalidationHook) or r[1].waits
    ]
    hooks.insert(0, (savepoints, hook, True))
    return hook


def waiting_on(connection: BaseDatabaseWrapper) -> list[Any]:
    every: list[Any] = connection.run_on_commit
    return [
        one for _, one, _ in every if isinstance(one, InvalidationHook) and one.waits
    ]


def is_dirty(connection: BaseDatabaseWrapper) -> bool:
    return bool(connection.run_on_commit) and bool(waiting_on(connection))


def dirty() -> bool:
    """Whether this thread has written what it has not committed: do not read."""
    seen = latest  # before looking
    if marks.clean_at is seen:
        return False
    found = any(map(is_dirty, connections.all(initialized_only=True)))
    marks.clean_at = None if found else seen
    return found


class Reading:
    """Reads of this thread, from here on, for one value."""

    def __init__(self) -> None:
        self._marks = marks.count

    def committed(self) -> bool:
        """Whether all it can have read is committed and not older than its token.

        A write that a savepoint has already rolled back counts too.
        """
        unwritten = marks.count == self._marks
        every = connections.all(initialized_only=True)
        return unwritten and all(map(_reads_committed, every))


def _reads_committed(connection: BaseDatabaseWrapper) -> bool:
    """Within a transaction a snapshot may be older than the token, and a change that
    is not declared may be undone."""
    return not (is_dirty(connection) or uncommitted(connection))


def in_transaction() -> bool:
    return any(map(uncommitted, connections.all(initialized_only=True)))
