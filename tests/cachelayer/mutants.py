"""Parts of the cache patched away, by name: without any of them it is wrong."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from django.db.backends.base.base import BaseDatabaseWrapper

from cachelayer import decorators, invalidation, transactions
from cachelayer.backends import MemoryCache, RedisCache
from cachelayer.transactions import WatchedConnection

BACKENDS = (MemoryCache, RedisCache)


def without_token(stack: ExitStack) -> None:
    """An entry is as fresh as when it is stored."""
    for backend in BACKENDS:
        store: Any = backend._store

        def store_as_of_now(self, key, value, token, *args, store=store, **options):
            return store(self, key, value, self.token(), *args, **options)

        stack.enter_context(patch.object(backend, "_store", store_as_of_now))


def without_commit_order(stack: ExitStack) -> None:
    """What changes invalidates at once, not when it commits."""
    for module in (transactions, invalidation):
        stack.enter_context(
            patch.object(module, "mark", lambda *patterns, using: False)
        )


def without_commit_itself(stack: ExitStack) -> None:
    """Invalidation is left to Django's commit hooks."""
    stack.enter_context(
        patch.object(WatchedConnection, "commit", BaseDatabaseWrapper.commit)
    )


def without_dirty_reads(stack: ExitStack) -> None:
    """Whoever has uncommitted changes reads what is cached."""
    stack.enter_context(patch.object(transactions, "dirty", lambda: False))


def without_dirty_bypass(stack: ExitStack) -> None:
    """And keeps what it has computed of them."""
    without_dirty_reads(stack)
    stack.enter_context(
        patch.object(transactions.Reading, "committed", lambda self: True)
    )


def without_bump(stack: ExitStack) -> None:
    """A commit invalidates nothing."""
    stack.enter_context(patch.object(transactions, "invalidate_now", lambda tags: None))


def without_reaper(stack: ExitStack) -> None:
    """Whoever reaps a killed process invalidates nothing."""
    for backend in BACKENDS:
        stack.enter_context(patch.object(backend, "invalidate_all", lambda self: None))


def without_owner(stack: ExitStack) -> None:
    """The user has no part of the key."""
    key_text = decorators.key_text
    stack.enter_context(
        patch.object(decorators, "key_text", lambda *parts: key_text(*parts[:3]))
    )


MUTANTS: dict[str, Callable[[ExitStack], None]] = {
    "token": without_token,
    "commit-order": without_commit_order,
    "commit-itself": without_commit_itself,
    "dirty-reads": without_dirty_reads,
    "dirty-bypass": without_dirty_bypass,
    "bump": without_bump,
    "reaper": without_reaper,
    "owner": without_owner,
}


@contextmanager
def mutated(name: str) -> Iterator[None]:
    """Empty: as it is."""
    with ExitStack() as stack:
        if name:
            MUTANTS[name](stack)
        yield
