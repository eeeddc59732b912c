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
    """Unchanged there, archived or renamed here."""
    CONFLICT = auto()
    """Changed on both sides, or changed on one and gone from the other."""


def decide(
    common: str | None, here: str | None, there: str | None, *, is_ours: bool
) -> Step:
    """Digests; None: there is no such skill.

    `is_ours`: what is there is, or was, a version here. Nothing else is overwritten or
    removed, whatever the common digest says: it may be of a fleet that is no more.
    """
    if here == there:
        return Step.SAME
    if here == common:
        return Step.BRING if there else Step.GONE_THERE
    if there is None and common is None:
        return Step.SEND
    if there == common and is_ours:
        return Step.SEND if here else Step.GONE_HERE
    if there == common and not here:
        return Step.BRING
    return Step.CONFLICT
