"""Invalidation on commit, and the rules for reading and storing until then.

A commit hook invalidates the tags that change in a transaction. Django calls commit
hooks when autocommit is switched on again, which may be too late or never. After an
explicit `commit()` it may not happen, and a rollback in between drops the hooks. When a
COMMIT raises because the connection is lost, the database may have committed. On SQLite
switching autocommit on commits without calling the hooks. Therefore connections are
watched, and the hooks invalidate as soon as the COMMIT returns or raises.
"""

import logging
import threading
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

from django.core.cache import caches
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from cachelayer.conf import option
from cachelayer.keys import widen

logger = logging.getLogger(__name__)


def backend() -> Any:
    """The cache behind the decorators and cache_manager."""
    return caches[option("ALIAS")]


def invalidate_now(tags: Iterable[str]) -> None:
    backend().invalidate_tags(tags)


def invalidate_on_commit(*patterns: str, using: str = DEFAULT_DB_ALIAS) -> None:
    """Invalidate what these patterns cover when the transaction of this alias commits.

    Outside of a transaction they are invalidated at once.
    """
    if not mark(*patterns, using=using) and patterns:
        invalidate_now({widen(pattern) for pattern in patterns})
        backend().refresh_host()


class Marks(threading.local):
    """`count`: how often this thread has marked patterns."""

    count = 0
    clean_at: object = None
    """The value of `latest` when this thread was last seen without a pending hook."""


marks = Marks()
latest = object()
"""A new object after each mark of any thread: threads may share a connection."""


def mark(*patterns: str, using: str = DEFAULT_DB_ALIAS) -> bool:
    """Invalidate these patterns on commit. False: there is no transaction.

    The connection is dirty from now on, even without a pattern.
    """
    connection = connections[using]
    if not uncommitted(connection):
        return False
    global latest
    marks.count += 1
    try:
        _pending_hook(connection).tags.update(widen(pattern) for pattern in patterns)
    finally:
        latest = object()
    return True


class InvalidationHook:
    """A commit hook. While it is pending, its connection is dirty.

    A rollback drops it.
    """

    def __init__(self) -> None:
        self.tags: set[str] = set()
        self.pending = True
        self.__qualname__ = "InvalidationHook"  # for Django's log, if the hook fails

    def __call__(self) -> None:
        self.invalidate()
        backend().refresh_host()

    def invalidate(self) -> None:
        """Invalidate once. The connection calls this as soon as the COMMIT returns."""
        if self.pending:
            invalidate_now(self.tags)
            self.pending = False


def _pending_hook(connection: BaseDatabaseWrapper) -> InvalidationHook:
    """The hook of the current savepoint.

    It is inserted before all other hooks: if one raises, those after it are not called.
    """
    savepoints = set(connection.savepoint_ids)
    hooks: list[Any] = connection.run_on_commit
    for ids, hook, _ in hooks:
        if not isinstance(hook, InvalidationHook):
            break
        if ids == savepoints and hook.pending:
            return hook
    watch(connection)
    hook = InvalidationHook()
    # After an explicit commit(), Django does not remove the hooks that have run.
    hooks[:] = [row for row in hooks if not _has_run(row[1])]
    hooks.insert(0, (savepoints, hook, True))
    return hook


def _has_run(hook: Any) -> bool:
    return isinstance(hook, InvalidationHook) and not hook.pending


def pending_hooks(connection: BaseDatabaseWrapper) -> list[Any]:
    hooks: list[Any] = [row[1] for row in connection.run_on_commit]
    return [
        hook for hook in hooks if isinstance(hook, InvalidationHook) and hook.pending
    ]


class WatchedConnection:
    """Mixed into the class of a connection: runs the pending hooks with the COMMIT."""

    def commit(self: Any) -> None:
        hooks = pending_hooks(self)
        try:
            super().commit()  # type: ignore[misc]
        finally:
            run(hooks)

    def set_autocommit(self: Any, autocommit: bool, *args: Any, **options: Any) -> None:
        try:
            super().set_autocommit(autocommit, *args, **options)  # type: ignore[misc]
        finally:
            hooks = pending_hooks(self) if autocommit else []
            run(hooks)
        self.run_on_commit = [row for row in self.run_on_commit if row[1] not in hooks]


def watch(connection: BaseDatabaseWrapper) -> None:
    """From now on, run pending hooks with each COMMIT, even if the COMMIT raises."""
    if not isinstance(connection, WatchedConnection):
        connection.__class__ = watched(type(connection))


def watched(plain: type[BaseDatabaseWrapper]) -> type[Any]:
    bases = (WatchedConnection, plain)
    return type(plain.__name__, bases, {"__module__": plain.__module__})


def run(hooks: list[Any]) -> None:
    """Run the hooks. One that fails stays pending: Django may call it again."""
    for hook in hooks:
        try:
            hook.invalidate()
        except Exception:
            logger.exception("cache not invalidated after a commit")


def uncommitted(connection: BaseDatabaseWrapper) -> bool:
    """Whether the connection is in a transaction."""
    return connection.in_atomic_block or (
        connection.connection is not None and not connection.autocommit
    )


def in_transaction() -> bool:
    return any(map(uncommitted, connections.all(initialized_only=True)))


def is_dirty(connection: BaseDatabaseWrapper) -> bool:
    return bool(connection.run_on_commit) and bool(pending_hooks(connection))


def dirty() -> bool:
    """Whether this thread has uncommitted changes, and so must not read the cache."""
    before = latest  # read it before looking at the connections
    if marks.clean_at is before:
        return False
    dirty_now = any(map(is_dirty, connections.all(initialized_only=True)))
    marks.clean_at = None if dirty_now else before
    return dirty_now


class Reading:
    """The reads of this thread from now on, by which it computes one value."""

    def __init__(self) -> None:
        self._marks = marks.count

    def committed(self) -> bool:
        """Whether all rows read are committed and not older than the value's token.

        A write that a savepoint has rolled back counts as uncommitted, too.
        """
        wrote_nothing = marks.count == self._marks
        used = connections.all(initialized_only=True)
        return wrote_nothing and all(map(_reads_committed, used))


def _reads_committed(connection: BaseDatabaseWrapper) -> bool:
    """False in a transaction, and with uncommitted changes.

    A transaction's snapshot may be older than the token, and a change of a model
    without a declaration may be rolled back.
    """
    return not (is_dirty(connection) or uncommitted(connection))


dependencies: ContextVar[set[int] | None] = ContextVar("dependencies", default=None)
"""The slots of the value whose computation surrounds the current call."""


def depend_on(slots: set[int] | tuple[int, ...]) -> None:
    """Let these slots invalidate the value that is being computed, too."""
    computing = dependencies.get()
    if computing is not None:
        computing.update(slots)
