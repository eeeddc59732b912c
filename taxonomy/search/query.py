"""A query's words, corrected where no skill has them, and an index's answers."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, islice, pairwise
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.conf import settings

from taxonomy.search.words import WORD, distance

BODY_CHARS = 50_000
"""How much of a body; what is written behind it is found by nothing."""

LABEL_KINDS = "'keyword', 'tag', 'capability'"
"""As SQL lists them."""


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
class Criteria:
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

    def ranked(self, wanted: Criteria) -> list[Hit]:
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


SHORTEST = 3
SHORT = 4
"""Up to so many letters one may be wrong, in longer words two."""

READ = 5
"""So many readings that are equally near are weighed against each other."""

Worth = Callable[[Sequence[Word]], float]
"""How good the best skill is that has the words; 0: none has all of them."""


class Reading(NamedTuple):
    away: int
    """How many letters."""
    texts: tuple[str, ...]


def corrected(word: str, index: Index, worth: Worth) -> list[Word]:
    """The nearest word of names and keywords, or two that were written as one.

    Of those that are as near, the one that is worth most, then the one that more
    skills have.
    """
    meant: list[Word] = []
    if len(word) < SHORTEST:
        return meant
    for texts in index.look_alikes(word):
        away, meant = best(readings(word, texts), index, worth)
        if away == 1:  # no other is nearer
            break
    return meant


def best(
    readings: Iterable[Reading], index: Index, worth: Worth
) -> tuple[int, list[Word]]:
    """The words, and how many letters they are away; no words: none is worth it."""
    for away, equals in groupby(readings, key=attrgetter("away")):
        read = islice(known(list(equals), index), READ)
        weighed = [(worth(words), words) for words in read]
        most, meant = max(weighed, key=itemgetter(0), default=(0.0, []))
        if most:
            return away, meant
    return 0, []


def known(readings: Sequence[Reading], index: Index) -> Iterator[list[Word]]:
    """Those whose words skills have."""
    texts = sorted({text for reading in readings for text in reading.texts})
    counted = {word.text: word for word in index.counted([*map(Word, texts)])}
    for reading in readings:
        words = [counted[text] for text in reading.texts]
        if all(word.skills for word in words):
            yield words


def readings(word: str, texts: Iterable[str]) -> list[Reading]:
    """What the texts hold that may be meant, the nearest first."""
    allowed = 1 if len(word) <= SHORT else 2
    near = [
        (away, meant[0][0] != word[0], -count, meant)
        for meant, count in Counter(held(word, texts)).items()
        if abs(len("".join(meant)) - len(word)) <= allowed
        and (away := distance(word, "".join(meant))) <= allowed
    ]
    return [Reading(away, meant) for away, _, _, meant in sorted(near)]


def held(word: str, texts: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Words and pairs of the texts. Of a short word with two letters swapped hardly
    three in a row are right, so these are tried, too."""
    for text in texts:
        words = WORD.findall(text)
        yield from ((each,) for each in words)
        yield from pairwise(words)
    for at in range(len(word) - 1):
        yield (word[:at] + word[at + 1] + word[at] + word[at + 2 :],)
