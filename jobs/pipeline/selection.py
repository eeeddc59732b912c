"""Which skill an agent would take for a prompt, by names and descriptions alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

from jobs.pipeline.context import SkillSummary
from taxonomy.search.words import STOPWORDS, stem, words_of

THRESHOLD = 0.5
"""A skill is taken only when it covers this share of a prompt's weight."""

IN_DESCRIPTION = 0.95
"""What a word counts that stands in the description, against 1 in the name."""


@dataclass(frozen=True)
class Pick:
    """The skill that was taken; `name` is "" when none covers enough."""

    name: str
    score: float


def terms(text: str) -> frozenset[str]:
    """The stems of a text's words, less those that say nothing of its subject."""
    return frozenset(stem(word) for word in words_of(text) if word not in STOPWORDS)


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
