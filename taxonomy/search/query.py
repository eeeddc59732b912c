"""The words of a query, their spelling corrections, and the interface of an index."""

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
"""The first so many characters of a body are indexed."""

LABEL_KINDS = "'keyword', 'tag', 'capability'"
"""The indexed labels, as a list in SQL."""


Sql = tuple[str, Sequence[Any]]
"""An SQL expression and its parameters."""

SHORTEST_PREFIX = 2


class Word(NamedTuple):
    """A word to search for, in all its inflected forms."""

    text: str
    is_prefix: bool = False
    """Words that start with it match as well."""
    skills: int = 0
    """The number of skills with the word; counting stops at `counted_up_to`."""
    form: str = ""
    """The stem, or stems, of the word in PostgreSQL's index."""


class Hit(NamedTuple):
    key: UUID | str
    """The key as the database returns it: a thousand conversions to UUID take long."""
    name: str
    score: float

    @property
    def skill(self) -> UUID:
        return self.key if isinstance(self.key, UUID) else UUID(self.key)


class Match(NamedTuple):
    """Skills that have any of the words or, with `every`, all of them."""

    words: tuple[Word, ...]
    every: bool = False


@dataclass(frozen=True)
class Criteria:
    """Which skills match, and which words rank them."""

    words: tuple[Word, ...]
    every: bool
    """Whether a skill must have all of the words, or any."""
    most: int
    """The most skills that can be ranked."""

    @cached_property
    def decisive(self) -> tuple[Word, ...]:
        """The words that select skills; the other words only rank them.

        They are all words if a skill must have all. Otherwise they are the rarest
        words, as many as it takes to select `most` skills: a common word would fill
        the limit with skills that have no other word. Without the last of them the
        selected skills do not exceed the limit.
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
        """If too many skills match: the words whose skills stay below the limit."""
        return self.decisive[:-1] if self.too_many and not self.every else ()

    @property
    def first(self) -> tuple[Match, ...]:
        """If too many skills match: these are collected first, and completely."""
        if self.every or not self.too_many or len(self.words) == 1:
            return ()
        rare = (Match(self.rare),) if self.rare else ()
        return (Match(self.words, every=True), *rare)

    @property
    def rest(self) -> Match:
        """Collected after `first`, until the limit is reached."""
        few = self.decisive[-1:] if self.too_many else self.decisive
        return Match(self.words, True) if self.every else Match(few)


class Index(Protocol):
    """A full-text index of names, descriptions, keywords and bodies.

    Triggers keep it up to date. A search covers some of the skills only, and reveals
    nothing of words that only other skills have.
    """

    def counted(self, words: Sequence[Word]) -> list[Word]:
        """The words with their number of skills; 0 if no searched skill has one."""

    def look_alikes(self, word: str) -> Iterator[list[str]]:
        """Names and keywords of all skills with similarly spelled words.

        A second item, if any, has more of them.
        """

    def ranked(self, criteria: Criteria) -> list[Hit]:
        """At most `criteria.most` hits, in no order."""


LOOK_ALIKES = 100


def counted_up_to() -> int:
    """The number at which counting stops: more skills cannot be ranked anyway."""
    return int(settings.SKILLFLEET_SEARCH_CANDIDATES) + 1


def prefix(text: str) -> Word:
    """The last word of a query, which the user may not have finished typing.

    A word whose stem is one letter, like `as`, would match far too much.
    """
    long_enough = len(text) > SHORTEST_PREFIX or (
        len(text) == SHORTEST_PREFIX and not text.endswith("s")
    )
    return Word(text, is_prefix=long_enough)


SHORTEST_CORRECTED = 3
LONGEST_CORRECTED = 100
"""Letters: no name has a longer word, and comparing one costs the square of them."""

SHORT = 4
"""Words of at most so many letters may have one wrong letter, longer ones two."""

MOST_EQUALS = 5
"""So many corrections at the same distance are compared by their results."""

Worth = Callable[[Sequence[Word]], float]
"""The score of the best skill that has all of the words; 0: there is none."""


class Correction(NamedTuple):
    distance: int
    texts: tuple[str, ...]
    """One word, or two words that the user wrote as one."""


def corrected(word: str, index: Index, worth: Worth) -> list[Word]:
    """The nearest word of names and keywords, or two words that were written as one.

    Among several at the same distance, the one whose best hit has the highest score is
    chosen, then the one that more skills have.
    """
    words: list[Word] = []
    if not SHORTEST_CORRECTED <= len(word) <= LONGEST_CORRECTED:
        return words
    for texts in index.look_alikes(word):
        nearest, words = best(corrections(word, texts), index, worth)
        if nearest == 1:  # none is nearer
            break
    return words


def best(
    candidates: Iterable[Correction], index: Index, worth: Worth
) -> tuple[int, list[Word]]:
    """The distance and the words of the best correction; no words: there is none."""
    for apart, equals in groupby(candidates, key=attrgetter("distance")):
        compared = islice(existing(list(equals), index), MOST_EQUALS)
        scored = [(worth(words), words) for words in compared]
        score, words = max(scored, key=itemgetter(0), default=(0.0, []))
        if score:
            return apart, words
    return 0, []


def existing(candidates: Sequence[Correction], index: Index) -> Iterator[list[Word]]:
    """The words of each correction that some searched skill has."""
    texts = sorted({text for each in candidates for text in each.texts})
    counted = {word.text: word for word in index.counted([*map(Word, texts)])}
    for each in candidates:
        words = [counted[text] for text in each.texts]
        if all(word.skills for word in words):
            yield words


def corrections(word: str, texts: Iterable[str]) -> list[Correction]:
    """The words of these texts that are similar to the word, the nearest first."""
    allowed = 1 if len(word) <= SHORT else 2
    near = [
        (apart, words[0][0] != word[0], -count, words)
        for words, count in Counter(candidates_for(word, texts)).items()
        if abs(len("".join(words)) - len(word)) <= allowed
        and (apart := distance(word, "".join(words))) <= allowed
    ]
    return [Correction(apart, words) for apart, _, _, words in sorted(near)]


def candidates_for(word: str, texts: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The words and pairs of words of the texts, and the word with two letters swapped.

    A short word with swapped letters has hardly three right letters in a row, so the
    index does not find it by trigrams.
    """
    for text in texts:
        words = WORD.findall(text)
        yield from ((each,) for each in words)
        yield from pairwise(words)
    for at in range(len(word) - 1):
        yield (word[:at] + word[at + 1] + word[at] + word[at + 2 :],)
