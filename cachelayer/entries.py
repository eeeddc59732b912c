"""A cache entry: a value, its tags, and the epoch at which it is fresh."""

import pickle
import sys
from time import monotonic
from typing import Any, Protocol, Self

EntryKey = str | tuple[str]
"""The key as callers write it, or a tuple of the key that Django made of it.

A tuple, which equals no plain key, is for a version or prefix other than the usual one.
"""
OVERHEAD = 600
"""About how many bytes an entry takes besides its key and value."""
PLAIN = frozenset((str, bytes, int, float, bool, complex, type(None)))


class Unstorable(TypeError):
    """This backend cannot store a value of this type."""


class FreshEntry(Protocol):
    """What a backend returns for a hit."""

    @property
    def slots(self) -> tuple[int, ...]:
        """The slots of the tags that invalidate the entry."""

    @property
    def value(self) -> Any:
        """The value as the backend stores it; an Immutable is stored as it is."""

    def load(self) -> Any:
        """The value; a mutable one is a copy for this reader."""


class Immutable:
    """A value that cannot change, so that readers share it and nothing is pickled."""

    __slots__ = ()

    @property
    def size(self) -> int:
        """About how many bytes of memory the value takes."""
        raise NotImplementedError

    def to_bytes(self) -> bytes:
        """The value for a server that hosts share."""
        raise NotImplementedError

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """The reverse of to_bytes(). Raises ValueError."""
        raise NotImplementedError


class CacheEntry:
    """A value in this process, with its tags' slots and the epoch at which it is fresh.

    `packed`: the value is pickled, because it is mutable.
    """

    __slots__ = (
        "created",
        "expires_at",
        "key",
        "packed",
        "size",
        "slots",
        "stamp",
        "tier",
        "used",
        "uses",
        "value",
    )

    def __init__(
        self,
        key: EntryKey,
        value: Any,
        *,
        tier: str,
        stamp: int,
        slots: tuple[int, ...],
        ttl: float | None,
    ) -> None:
        self.key, self.tier, self.stamp, self.slots = key, tier, stamp, slots
        self.created = self.used = monotonic()
        self.uses = 0
        self.expires_at = float("inf") if ttl is None else self.created + ttl
        immutable = isinstance(value, Immutable)
        self.packed = type(value) not in PLAIN and not immutable
        self.value = pickle.dumps(value, -1) if self.packed else value
        size = value.size if immutable else sys.getsizeof(self.value)
        text = key if isinstance(key, str) else key[0]
        self.size = OVERHEAD + len(text) + size

    def load(self) -> Any:
        # These bytes never left this process, so that unpickling them is safe.
        return pickle.loads(self.value) if self.packed else self.value  # noqa: S301
