"""Invalidation when a transaction commits, and what may be cached until then."""

import threading
from collections.abc import Iterable
from typing import Any

from django.core.cache import caches
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from cachelayer.commits import watch
from cachelayer.options import option
from cachelayer.patterns import widen


class Marks(threading.local):
    """How often this thread has marked something for retirement."""

    count = 0
    clean_at: object = None
    """What was the latest mark of all when nothing waited on this thread."""


marks = Marks()
latest = object()
"""Another one after each mark of any thread: some share a connection."""


class Retirement:
    """A commit hook. While it waits its connection is dirty; a rollback drops it."""

    def __init__(self) -> None:
        self.tags: set[str] = set()
        self.waits = True
        self.__qualname__ = "Retirement"  # Django logs it when the hook fails

    def __call__(self) -> None:
        self.retire()
        backend().refresh_plane()

    def retire(self) -> None:
        """Once, as soon as the COMMIT returns; Django calls later, if at all."""
        if self.waits:
            bump(self.tags)
            self.waits = False


def backend() -> Any:
    """The cache behind the decorators and cache_manager."""
    return caches[option("ALIAS")]


def bump(tags: Iterable[str]) -> None:
    backend().retire(tags)


def retire(*patterns: str, using: str = DEFAULT_DB_ALIAS) -> None:
    """Retire what these patterns cover when this alias commits; at once outside."""
    if not mark(*patterns, using=using) and patterns:
        bump({widen(pattern) for pattern in patterns})
        backend().refresh_plane()


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


def _waiting(connection: BaseDatabaseWrapper) -> Retirement:
    """This savepoint's hook, in front of all others: one that raises ends the rest."""
    savepoints = set(connection.savepoint_ids)
    hooks: list[Any] = connection.run_on_commit
    for ids, hook, _ in hooks:
        if not isinstance(hook, Retirement):
            break
        if ids == savepoints and hook.waits:
            return hook
    watch(connection, waiting_on)
    hook = Retirement()
    # After commits by hand nobody else removes those that have retired.
    hooks[:] = [r for r in hooks if not isinstance(r[1], Retirement) or r[1].waits]
    hooks.insert(0, (savepoints, hook, True))
    return hook


def waiting_on(connection: BaseDatabaseWrapper) -> list[Any]:
    every: list[Any] = connection.run_on_commit
    return [one for _, one, _ in every if isinstance(one, Retirement) and one.waits]


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
