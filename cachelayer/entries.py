"""An entry: a value, the tags that retire it, the epoch it is fresh at."""

import pickle
import sys
from contextvars import ContextVar
from time import monotonic
from typing import Any, Protocol, Self

Place = str | tuple[str]
"""Where an entry stands: its key as callers write it, or, under another version or
prefix than the usual ones, the key as it was made, which no plain one is equal to."""
OVERHEAD = 600
PLAIN = frozenset((str, bytes, int, float, bool, complex, type(None)))


class Unstorable(TypeError):
    """This backend cannot store a value of this type."""


class Found(Protocol):
    """What a backend has found: a value, and the slots that retire it."""

    @property
    def slots(self) -> tuple[int, ...]: ...

    def load(self) -> Any:
        """The value, or a copy of the reader's own."""


class Frozen:
    """A value that cannot change, so that readers may share it unpickled."""

    __slots__ = ()

    @property
    def weight(self) -> int:
        """About how many bytes it takes."""
        raise NotImplementedError

    def freeze(self) -> bytes:
        """As it travels to a server that hosts share."""
        raise NotImplementedError

    @classmethod
    def thaw(cls, frozen: bytes) -> Self:
        """Read freeze() back; raises ValueError for anything else."""
        raise NotImplementedError


class Entry:
    """A value with the tags that retire it and the epoch it is known fresh at."""

    __slots__ = (
        "expires_at",
        "key",
        "made",
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
        key: Place,
        value: Any,
        *,
        tier: str,
        stamp: int,
        slots: tuple[int, ...],
        ttl: float | None,
    ) -> None:
        self.key, self.tier, self.stamp, self.slots = key, tier, stamp, slots
        self.made = self.used = monotonic()
        self.uses = 0
        self.expires_at = float("inf") if ttl is None else self.made + ttl
        self.packed = type(value) not in PLAIN and not isinstance(value, Frozen)
        self.value = pickle.dumps(value, -1) if self.packed else value
        weight = value.weight if isinstance(value, Frozen) else None
        text = key if isinstance(key, str) else key[0]
        self.size = OVERHEAD + len(text) + (weight or sys.getsizeof(self.value))

    def load(self) -> Any:
        # What we unpickle never left this process.
        return pickle.loads(self.value) if self.packed else self.value  # noqa: S301


collecting: ContextVar[set[int] | None] = ContextVar("collecting", default=None)


def collect(slots: set[int] | tuple[int, ...]) -> None:
    """Whatever is being computed around us now depends on these too."""
    around = collecting.get()
    if around is not None:
        around.update(slots)
