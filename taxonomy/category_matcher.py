"""Matches a skill to a category by their words."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from taxonomy.search.words import STOPWORDS, stem, words_of

LEAST_SCORE = 3.5
"""The least score of a match; one common word in a description may be coincidence."""
OWN, OWN_IN_NAME = 2.5, 4.0
DESCRIBED, DESCRIBED_IN_NAME = 1.0, 2.0
ABOVE = 1.0
STOP_WORDS = STOPWORDS | {
    *("new", "skill", "skills", "tool", "tools", "user", "users", "making"),
    *("work", "working", "write", "writing"),
}


@dataclass(frozen=True)
class CategoryWords:
    """The words that identify a category."""

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
    """Finds the best category by an inverted index of the categories' words."""

    def __init__(self, categories: Iterable[CategoryWords]) -> None:
        self.by_word: dict[str, list[CategoryWords]] = defaultdict(list)
        for category in categories:
            for word in category.own | category.above | category.described:
                self.by_word[word].append(category)

    def best(self, name: str, texts: Iterable[str]) -> str | None:
        """The path of the best category; None if none matches well enough.

        `texts` are the skill's description and keywords. Of equal matches the first
        by path is chosen.
        """
        named, described = stems(name), frozenset().union(*map(stems, texts))
        candidates = {
            category.path: category
            for word in named | described
            for category in self.by_word.get(word, ())
        }
        scored = (
            (-fit(named, described, category), path)
            for path, category in candidates.items()
        )
        score, path = min(scored, default=(0.0, ""))
        return path if -score >= LEAST_SCORE else None


def fit(named: frozenset[str], texts: frozenset[str], category: CategoryWords) -> float:
    """The score: the category's own name counts most, and the skill's name more than
    its texts."""
    every = named | texts
    own_words = category.own & every
    weight = OWN_IN_NAME if own_words & named else OWN
    own = weight * len(own_words) / max(1, len(category.own))
    described = DESCRIBED * len(category.described & (every - named))
    described += DESCRIBED_IN_NAME * len(category.described & named)
    return own + described + ABOVE * len(category.above & every)


def stems(text: str) -> frozenset[str]:
    """The stems of the words without stop words; `Testing tests` has one stem."""
    return frozenset(stem(word) for word in words_of(text) if word not in STOP_WORDS)
