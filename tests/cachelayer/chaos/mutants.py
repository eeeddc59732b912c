"""Parts of the cache patched away, by name: each must make a run fail."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from cachelayer import bulk, declarations, transactions
from cachelayer.backends import MemoryCache, RedisCache, TagCache


def without_token(stack: ExitStack) -> None:
    """An entry is as fresh as when it is stored."""
    fill = TagCache.fill

    def fill_as_of_now(self, key, value, **options):
        return fill(self, key, value, **{**options, "token": self.token()})

    stack.enter_context(patch.object(TagCache, "fill", fill_as_of_now))


def without_commit_order(stack: ExitStack) -> None:
    """What changes retires at once, not when it commits."""
    for module in (transactions, declarations, bulk):
        stack.enter_context(
            patch.object(module, "mark", lambda *patterns, using: False)
        )


def without_dirty_bypass(stack: ExitStack) -> None:
    """Uncommitted changes are read past, and kept."""
    stack.enter_context(patch.object(transactions, "dirty", lambda: False))
    stack.enter_context(
        patch.object(transactions.Reading, "committed", lambda self: True)
    )


def without_bump(stack: ExitStack) -> None:
    """A commit retires nothing."""
    stack.enter_context(patch.object(transactions, "bump", lambda tags: None))


def without_reaper(stack: ExitStack) -> None:
    """Whoever reaps a killed process retires nothing."""
    for backend in (MemoryCache, RedisCache):
        stack.enter_context(patch.object(backend, "retire_all", lambda self: None))


MUTANTS: dict[str, Callable[[ExitStack], None]] = {
    "token": without_token,
    "commit-order": without_commit_order,
    "dirty-bypass": without_dirty_bypass,
    "bump": without_bump,
    "reaper": without_reaper,
}


@contextmanager
def mutated(name: str) -> Iterator[None]:
    """Empty: as it is."""
    with ExitStack() as stack:
        if name:
            MUTANTS[name](stack)
        yield
