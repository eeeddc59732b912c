"""Which category a skill fits best, by the words of both."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

ENOUGH = 3.5
"""What the best has to reach: one word that a description happens to hold is chance."""
OWN, OWN_IN_NAME = 2.5, 4.0
DESCRIBED, DESCRIBED_IN_NAME = 1.0, 2.0
ABOVE = 1.0
WORD = re.compile(r"[a-z0-9]+")
ENDINGS = ("ations", "ation", "ings", "ing", "ies", "es", "ed", "s")
SHORTEST_STEM = 3
SAYS_NOTHING = frozenset(
    {
        *("a", "an", "and", "any", "are", "as", "at", "be", "by", "can", "for", "from"),
        *("how", "in", "into", "is", "it", "its", "not", "of", "on", "or", "that"),
        *("the", "their", "them", "then", "this", "to", "what", "when", "whether"),
        *("which", "with", "you", "your", "new", "skill", "skills", "tool", "tools"),
        *("use", "used", "user", "users", "using", "make", "making", "work"),
        *("working", "write", "writing"),
    }
)


@dataclass(frozen=True)
class CategoryWords:
    """A category as the words that it goes by."""

    path: str
    description: str = ""

    @cached_property
    def own(self) -> frozenset[str]:
        return stems(self.path.rpartition("/")[2])

    @cached_property
    def above(self) -> frozenset[str]:
        return stems(self.path.rpartition("/")[0]) - self.own

    @cached_property
    def described(self) -> frozenset[str]:
        return stems(self.description) - self.own - self.above


class CategoryMatcher:
    """Categories by their words: only those that share one are looked at."""

    def __init__(self, places: Iterable[CategoryWords]) -> None:
        self.having: dict[str, list[CategoryWords]] = defaultdict(list)
        for place in places:
            for word in place.own | place.above | place.described:
                self.having[word].append(place)

    def best(self, name: str, texts: Iterable[str]) -> str | None:
        """The path of the category that fits best; None when none fits well enough.

        `texts` are what the skill says of itself: description and keywords. Of two
        that fit alike the first by path is taken.
        """
        named, said = stems(name), frozenset().union(*map(stems, texts))
        near = {
            place.path: place
            for word in named | said
            for place in self.having.get(word, ())
        }
        scored = ((-fit(named, said, place), path) for path, place in near.items())
        score, path = min(scored, default=(0.0, ""))
        return path if -score >= ENOUGH else None


def fit(named: frozenset[str], said: frozenset[str], place: CategoryWords) -> float:
    """A category's own name counts most, and the skill's name more than its text."""
    every = named | said
    found = place.own & every
    own = (OWN_IN_NAME if found & named else OWN) * len(found) / max(1, len(place.own))
    described = DESCRIBED * len(place.described & (every - named))
    described += DESCRIBED_IN_NAME * len(place.described & named)
    return own + described + ABOVE * len(place.above & every)


def stems(text: str) -> frozenset[str]:
    """`Testing tests` is one stem; words that say nothing are left out."""
    return frozenset(
        stem(word) for word in WORD.findall(text.lower()) if word not in SAYS_NOTHING
    )


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return word.removesuffix(ending)
    return word
