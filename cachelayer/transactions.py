"""Invalidation when a transaction commits, and what may be cached until then."""

import threading
from collections.abc import Iterable
from typing import Any
from weakref import WeakSet

from django.core.cache import caches
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from cachelayer.options import option
from cachelayer.patterns import widen

marked: "WeakSet[BaseDatabaseWrapper]" = WeakSet()
marking = threading.Lock()


class Retirement:
    """A commit hook. While it waits its connection is dirty; a rollback drops it."""

    def __init__(self) -> None:
        self.tags: set[str] = set()
        self.__qualname__ = "Retirement"  # Django logs it when the hook fails

    def __call__(self) -> None:
        bump(self.tags)
        backend().refresh_plane()


def backend() -> Any:
    """The cache behind the decorators and cache_manager."""
    return caches[option("ALIAS")]


def bump(tags: Iterable[str]) -> None:
    backend().retire(tags)


def retire(*patterns: str, using: str = DEFAULT_DB_ALIAS) -> None:
    """Retire what these patterns cover when this alias commits; at once outside."""
    if not mark(*patterns, using=using) and patterns:
        bump({widen(pattern) for pattern in patterns})


def mark(*patterns: str, using: str = DEFAULT_DB_ALIAS) -> bool:
    """Have them retired on commit; False outside of a transaction."""
    connection = connections[using]
    if not uncommitted(connection):
        return False
    if patterns:
        _waiting(connection).tags.update(widen(pattern) for pattern in patterns)
    return True


def uncommitted(connection: BaseDatabaseWrapper) -> bool:
    return connection.in_atomic_block or (
        connection.connection is not None and not connection.get_autocommit()
    )


def _waiting(connection: BaseDatabaseWrapper) -> Retirement:
    """This savepoint's hook, in front of all others: one that raises ends the rest."""
    savepoints = set(connection.savepoint_ids)
    for ids, hook, _ in connection.run_on_commit:
        if not isinstance(hook, Retirement):
            break
        if ids == savepoints:
            return hook
    hook = Retirement()
    connection.run_on_commit.insert(0, (savepoints, hook, True))
    with marking:
        marked.add(connection)
    return hook


def is_dirty(connection: BaseDatabaseWrapper) -> bool:
    return any(isinstance(hook, Retirement) for _, hook, _ in connection.run_on_commit)


def dirty() -> bool:
    """Whether this thread has written what it has not committed: do not read."""
    return any(map(is_dirty, connections.all(initialized_only=True)))


def dirty_anywhere() -> bool:
    """The same for coroutines, whose database work is on other threads."""
    with marking:
        return any(map(is_dirty, marked))


def may_fill() -> bool:
    """Whether what this thread reads now may be cached."""
    return all(map(_reads_committed, connections.all(initialized_only=True)))


def _reads_committed(connection: BaseDatabaseWrapper) -> bool:
    """A snapshot is older than the token, so nothing read from it is kept."""
    if is_dirty(connection):
        return False
    if not uncommitted(connection):
        return True
    level = getattr(getattr(connection, "isolation_level", None), "name", "")
    return connection.vendor == "postgresql" and level == "READ_COMMITTED"


def in_transaction() -> bool:
    return any(map(uncommitted, connections.all(initialized_only=True)))
