"""Mutants: parts of the cache that are patched away, by name.

Tests of the guarantees must fail under each of them.
"""

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
    """An entry gets the epoch of its storing instead of the epoch of its reading."""
    for backend in BACKENDS:
        store: Any = backend._store

        def store_as_of_now(self, key, value, token, *args, store=store, **options):
            return store(self, key, value, self.token(), *args, **options)

        stack.enter_context(patch.object(backend, "_store", store_as_of_now))


def without_commit_order(stack: ExitStack) -> None:
    """A change invalidates at once instead of at its commit."""
    for module in (transactions, invalidation):
        stack.enter_context(
            patch.object(module, "mark", lambda *patterns, using: False)
        )


def without_commit_itself(stack: ExitStack) -> None:
    """Only Django's commit hooks invalidate, not the COMMIT itself."""
    stack.enter_context(
        patch.object(WatchedConnection, "commit", BaseDatabaseWrapper.commit)
    )


def without_dirty_reads(stack: ExitStack) -> None:
    """A connection with uncommitted changes reads from the cache."""
    stack.enter_context(patch.object(transactions, "dirty", lambda: False))


def without_dirty_bypass(stack: ExitStack) -> None:
    """A connection with uncommitted changes reads from the cache and stores in it."""
    without_dirty_reads(stack)
    stack.enter_context(
        patch.object(transactions.Reading, "committed", lambda self: True)
    )


def without_bump(stack: ExitStack) -> None:
    """A commit invalidates nothing."""
    stack.enter_context(patch.object(transactions, "invalidate_now", lambda tags: None))


def without_reaper(stack: ExitStack) -> None:
    """Reaping a killed process invalidates nothing."""
    for backend in BACKENDS:
        stack.enter_context(patch.object(backend, "invalidate_all", lambda self: None))


def without_owner(stack: ExitStack) -> None:
    """The user is not part of the key in the user tier."""
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
    """Patch this part away within the block; with an empty name patch nothing."""
    with ExitStack() as stack:
        if name:
            MUTANTS[name](stack)
        yield
