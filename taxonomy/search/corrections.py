"""A word that no skill has is taken for what was meant."""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise

from taxonomy.search.query import Index, Word
from taxonomy.search.words import WORD, distance

SHORTEST = 3
SHORT = 4
"""Up to so many letters one may be wrong, in longer words two."""


def corrected(
    word: str, index: Index, found: Callable[[list[Word]], bool]
) -> list[Word]:
    """The nearest word of names and keywords, or two that were written as one.

    Of those that are as near, the one that more skills have. `found`: whether a skill
    that is searched has such words; what only others say is not told.
    """
    if len(word) < SHORTEST:
        return []
    allowed = 1 if len(word) <= SHORT else 2
    near = [
        (away, meant[0][0] != word[0], -count, meant)
        for meant, count in Counter(readings(word, index)).items()
        if abs(len("".join(meant)) - len(word)) <= allowed
        and (away := distance(word, "".join(meant))) <= allowed
    ]
    for _, _, _, meant in sorted(near):
        words = index.counted([Word(each) for each in meant])
        if all(each.skills for each in words) and found(words):
            return words
    return []


def readings(word: str, index: Index) -> Iterable[tuple[str, ...]]:
    """What might be meant. Of a short word with two letters swapped hardly three in
    a row are right, so these are tried, too."""
    for text in index.look_alikes(word):
        words = WORD.findall(text)
        yield from ((each,) for each in words)
        yield from pairwise(words)
    for at in range(len(word) - 1):
        yield (word[:at] + word[at + 1] + word[at] + word[at + 2 :],)
