"""Which skill an agent would take for a prompt, by names and descriptions alone."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log

from jobs.pipeline.context import SkillSummary

THRESHOLD = 0.5
"""A skill is taken only when it covers this share of a prompt's weight."""

IN_DESCRIPTION = 0.95
"""What a word counts that stands in the description, against 1 in the name."""

WORD = re.compile(r"[^\W_]+")
SUFFIXES = ("ations", "ation", "ingly", "edly", "ings", "ing", "ies", "ers", "er")
SHORT_SUFFIXES = ("ed", "es", "s", "y", "e")
COMMON_WORDS = """
    a about all also am an and any are as asked at be been but by can could do does
    doing each for from get give had has have help her here him his how i if in into is
    it its just like make me my need needs no not of on one or our out please shall she
    should show so some such task than that the their them then there these they this
    those to use used uses using us want was we were what when where which while who
    will with would you your"""
STOPWORDS = frozenset(COMMON_WORDS.split())


@dataclass(frozen=True)
class Pick:
    """The skill that was taken; `name` is "" when none covers enough."""

    name: str
    score: float


@lru_cache(maxsize=2**16)
def stem(word: str) -> str:
    """A word without its ending, so that launch, launches and launching agree."""
    for suffix in (*SUFFIXES, *SHORT_SUFFIXES):
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word.removesuffix(suffix)
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        return word[:-1]  # running: runn, run
    return word.removesuffix("e") if len(word) > 3 else word


def terms(text: str) -> frozenset[str]:
    """The stems of a text's words, less those that say nothing of its subject."""
    found = WORD.findall(unicodedata.normalize("NFKC", text).lower())
    return frozenset(stem(word) for word in found if word not in STOPWORDS)


class Shelf:
    """Skills to choose from, their words counted once."""

    def __init__(self, skills: Iterable[SkillSummary]) -> None:
        self.skills = sorted(skills, key=lambda skill: skill.name)
        self.names = [terms(skill.name) for skill in self.skills]
        self.descriptions = [terms(skill.description) for skill in self.skills]
        self.counts: dict[str, int] = {}
        for name, description in zip(self.names, self.descriptions, strict=True):
            for term in name | description:
                self.counts[term] = self.counts.get(term, 0) + 1

    def weight(self, term: str) -> float:
        """Rare words weigh more; one that no skill has weighs most."""
        return 1 + log((len(self.skills) + 1) / (self.counts.get(term, 0) + 1))

    def score(self, place: int, prompt: frozenset[str]) -> float:
        """0..1: the share of the prompt's weight that the skill covers."""
        total = covered = 0.0
        for term in sorted(prompt):
            weight = self.weight(term)
            total += weight
            if term in self.names[place]:
                covered += weight
            elif term in self.descriptions[place]:
                covered += weight * IN_DESCRIPTION
        return covered / total if total else 0.0

    def rank(self, prompt: str) -> Sequence[Pick]:
        """Every skill with a score above 0, best first, equals by name."""
        wanted = terms(prompt)
        picks = [
            Pick(skill.name, round(self.score(place, wanted), 6))
            for place, skill in enumerate(self.skills)
            if not wanted.isdisjoint(self.names[place] | self.descriptions[place])
        ]
        return sorted(picks, key=lambda pick: (-pick.score, pick.name))

    def pick(self, prompt: str) -> Pick:
        best = next(iter(self.rank(prompt)), Pick("", 0.0))
        return best if best.score >= THRESHOLD else Pick("", best.score)
