"""What is asked of the index, and what an index of a database answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
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
    key: UUID | str
    """As the database gives it: a thousand are ranked where a page of 50 is shown."""
    name: str
    score: float

    @property
    def skill(self) -> UUID:
        return self.key if isinstance(self.key, UUID) else UUID(self.key)


class Match(NamedTuple):
    """Skills that have one of the words, or every one."""

    words: tuple[Word, ...]
    every: bool = False


@dataclass(frozen=True)
class Wanted:
    """Which skills to find, and by what to rank them."""

    words: tuple[Word, ...]
    every: bool
    """A skill must have all of the words; else one is enough."""
    most: int

    @cached_property
    def decisive(self) -> tuple[Word, ...]:
        """The words that find skills; the others take part in the ranking alone.

        All of them where all must be there. Else the rarest, until they fill what
        is ranked: a common word would fill it with skills that have no other. Only
        the last of them can be one that not all skills fit in with.
        """
        if self.every:
            return self.words
        chosen: list[Word] = []
        for word in sorted(self.words, key=lambda word: word.skills):
            if chosen and sum(each.skills for each in chosen) >= self.most:
                break
            chosen.append(word)
        return tuple(chosen)

    @property
    def too_many(self) -> bool:
        """Whether more skills may match than can be ranked."""
        counts = [word.skills for word in self.decisive]
        return (min(counts) if self.every else sum(counts)) > self.most

    @cached_property
    def rare(self) -> tuple[Word, ...]:
        """Where there are too many: the words that all skills fit in with."""
        return self.decisive[:-1] if self.too_many and not self.every else ()

    @property
    def sure(self) -> tuple[Match, ...]:
        """What is looked for first where there are too many, and fits in."""
        if self.every or not self.too_many or len(self.words) == 1:
            return ()
        rare = (Match(self.rare),) if self.rare else ()
        return (Match(self.words, every=True), *rare)

    @property
    def rest(self) -> Match:
        """What may not fit in behind the `sure` ones."""
        few = self.decisive[-1:] if self.too_many else self.decisive
        return Match(self.words, True) if self.every else Match(few)


class Index(Protocol):
    """Of the skills' names, descriptions, keywords and bodies, kept by triggers.

    Some of them are searched. Of a word that only others have nothing is told.
    """

    def counted(self, words: Sequence[Word]) -> list[Word]:
        """The words with how many skills have each; 0 if none that is searched does."""

    def look_alikes(self, word: str) -> Iterator[list[str]]:
        """Names and keywords of any skills that hold words written much like it; more
        of them if those were not enough."""

    def ranked(self, wanted: Wanted) -> list[Hit]:
        """At most `wanted.most` hits, in no order."""


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
