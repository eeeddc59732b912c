"""Keys in as many statements as they take."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

PARAMETERS = 900
"""Of one statement: SQLite takes 999, and some are other values."""

Key = TypeVar("Key")


def chunks(keys: Sequence[Key], parameters: int = 1) -> Iterator[Sequence[Key]]:
    """`parameters`: so many each key takes of a statement."""
    size = PARAMETERS // parameters
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
