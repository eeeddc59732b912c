"""A word that no skill has is taken for what was meant."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice, pairwise
from operator import attrgetter, itemgetter
from typing import NamedTuple

from taxonomy.search.query import Index, Word
from taxonomy.search.words import WORD, distance

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
