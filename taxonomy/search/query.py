"""What is asked of the index, and what an index of a database answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.conf import settings

Sql = tuple[str, Sequence[Any]]
"""A statement and its parameters."""

SHORTEST_BEGINNING = 2


class Word(NamedTuple):
    """A word that is looked for, in all its forms."""

    text: str
    begins: bool = False
    """It stands for every word that begins so, too."""
    skills: int = 0
    """How many skills have it; the count stops at `counted_up_to`."""
    form: str = ""
    """What the index has in its place."""


class Hit(NamedTuple):
    skill: UUID
    name: str
    score: float


@dataclass(frozen=True)
class Wanted:
    """Which skills to find, and by what to rank them."""

    words: tuple[Word, ...]
    every: bool
    """A skill must have all of the words; else one is enough."""
    most: int

    @property
    def decisive(self) -> tuple[Word, ...]:
        """The words that find skills; the others take part in the ranking alone.

        All of them where all must be there. Else the rarest, until they fill what
        is ranked: a common word would fill it with skills that have no other.
        """
        if self.every:
            return self.words
        chosen: list[Word] = []
        for word in sorted(self.words, key=lambda word: word.skills):
            if chosen and sum(each.skills for each in chosen) >= self.most:
                break
            chosen.append(word)
        return tuple(chosen)


class Index(Protocol):
    """Of the skills' names, descriptions, keywords and bodies, kept by triggers."""

    def counted(self, words: Sequence[Word]) -> list[Word]:
        """The words with how many skills have each."""

    def look_alikes(self, word: str) -> list[str]:
        """Names and keywords of skills that hold words written much like it."""

    def ranked(self, wanted: Wanted, allowed: Sql) -> list[Hit]:
        """At most `wanted.most` hits, in no order.

        `allowed` is true of a skill, whose key it calls `entry.skill_id`.
        """


LOOK_ALIKES = 100


def counted_up_to() -> int:
    """More than this is more than can be ranked, so it does not matter how many."""
    return int(settings.SKILLFLEET_SEARCH_CANDIDATES) + 1


def beginning(text: str) -> Word:
    """The last word of a query may not be written to its end yet.

    Without its s a short word would be one letter, and begin far too much.
    """
    long_enough = len(text) > SHORTEST_BEGINNING or (
        len(text) == SHORTEST_BEGINNING and not text.endswith("s")
    )
    return Word(text, begins=long_enough)
