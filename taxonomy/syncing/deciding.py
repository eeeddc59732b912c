"""What three digests say: of here, of there, and of when both were last alike."""

from enum import Enum, auto


class Step(Enum):
    SAME = auto()
    """Both have the same bytes."""
    BRING = auto()
    """Changed or new there alone: it comes here."""
    SEND = auto()
    """Changed or new here alone: it goes there."""
    GONE_THERE = auto()
    """Unchanged here, gone from there."""
    GONE_HERE = auto()
    """Unchanged there, archived here."""
    CONFLICT = auto()
    """Changed on both sides, or changed on one and gone from the other."""


def decide(common: str | None, here: str | None, there: str | None) -> Step:
    """Digests; None: there is no such skill."""
    if here == there:
        return Step.SAME
    if here == common:
        return Step.BRING if there else Step.GONE_THERE
    if there == common:
        return Step.SEND if here else Step.GONE_HERE
    return Step.CONFLICT
