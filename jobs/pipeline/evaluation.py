"""Runs evals: on a draft among the active skills, and on those skills without it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log

from jobs.authors.base import SkillSummary
from jobs.pipeline.context import Context
from jobs.pipeline.state import Evals, Failure
from taxonomy.package import SkillPackage
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


QUOTE_MARKS = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.M)
TEXT_SUFFIXES = (".md", ".txt")


def failures_of(context: Context, package: SkillPackage) -> tuple[Failure, ...]:
    """The evals that this draft does not pass, in the order they were written."""
    evals = context.state.evals or Evals()
    if problem := package.reading.problem:
        return (Failure("specification", "SKILL.md", problem.message),)
    frontmatter = package.reading.frontmatter
    summary = SkillSummary(
        name=str(frontmatter.get("name", "")),
        description=str(frontmatter.get("description", "")),
    )
    return (
        *_specification_failures(summary),
        *_selection_failures(evals, summary, others(context, summary.name)),
        *_missing_facts(evals, package),
    )


def others(context: Context, name: str = "") -> list[SkillSummary]:
    """The fleet without the skill that this job is about."""
    brief = context.brief
    own = {name, brief.name if brief else ""}
    return [skill for skill in context.fleet if skill.name not in own]


def duplicate_in(context: Context, evals: Evals) -> str:
    """The active skill that passes every positive and half of the facts, else "".

    Facts count only where the skill's text is at hand.
    """
    shelf = Shelf(others(context))
    taken = {shelf.pick(prompt).name for prompt in evals.positives}
    if len(taken) != 1 or not (name := taken.pop()):
        return ""
    text = _squeezed(context.skill_text(name))
    held = sum(_squeezed(fact) in text for fact in evals.facts)
    return name if not text or held * 2 >= len(evals.facts) else ""


def _specification_failures(summary: SkillSummary) -> Iterator[Failure]:
    for field in ("name", "description"):
        if not getattr(summary, field).strip():
            yield Failure("specification", field, f"The frontmatter has no {field}.")


def _selection_failures(
    evals: Evals, summary: SkillSummary, fleet: list[SkillSummary]
) -> Iterator[Failure]:
    shelf = Shelf([*fleet, summary])
    right = {summary.name, evals.duplicate_of} - {""}  # a duplicate was agreed to
    for prompt in evals.positives:
        if (taken := shelf.pick(prompt).name) not in right:
            reason = f"It selects {taken}." if taken else "It selects no skill."
            yield Failure("positive", prompt, reason)
    for prompt in evals.near_misses:
        if shelf.pick(prompt).name == summary.name:
            yield Failure("near_miss", prompt, "It selects this skill.")


def _missing_facts(evals: Evals, package: SkillPackage) -> Iterator[Failure]:
    text = _squeezed(draft_text(package))
    for fact in evals.facts:
        if _squeezed(fact) not in text:
            yield Failure("fact", fact, "Neither the body nor a reference holds it.")


def draft_text(package: SkillPackage) -> str:
    """All that the draft says: the body of SKILL.md and its text files."""
    bodies = (
        package.reading.body
        if file.path == package.reading.path
        else file.content.decode(errors="replace")
        for file in package.files
        if file.path.endswith(TEXT_SUFFIXES)
    )
    return "\n\n".join(bodies)


def _squeezed(text: str) -> str:
    """Without line breaks and the marks of a quotation, which may stand anywhere."""
    return " ".join(QUOTE_MARKS.sub("", text).split())
