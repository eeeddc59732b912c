"""Runs the evals of a job: on its draft, and on the active skills without it."""

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
"""A skill is selected only if its words make up at least this fraction of the weight of
the prompt's words."""

IN_DESCRIPTION = 0.95
"""The weight of a word in the description; a word in the name has the weight 1."""


QUOTE_MARKS = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.M)
TEXT_SUFFIXES = (".md", ".txt")


@dataclass(frozen=True)
class Selection:
    """The selected skill; `name` is "" if no skill covers enough of the prompt."""

    name: str
    score: float


def terms(text: str) -> frozenset[str]:
    """The stems of the words of a text, without stop words."""
    return frozenset(stem(word) for word in words_of(text) if word not in STOPWORDS)


class SkillSelector:
    """Selects the skill that an agent would use for a prompt.

    Like an agent, it sees only names and descriptions. It scores each skill by the
    prompt's words that the skill has; a word weighs more the fewer skills have it.
    """

    def __init__(self, skills: Iterable[SkillSummary]) -> None:
        self.skills = sorted(skills, key=lambda skill: skill.name)
        self.names = [terms(skill.name) for skill in self.skills]
        self.descriptions = [terms(skill.description) for skill in self.skills]
        self.counts: dict[str, int] = {}
        for name, description in zip(self.names, self.descriptions, strict=True):
            for term in name | description:
                self.counts[term] = self.counts.get(term, 0) + 1

    def weight(self, term: str) -> float:
        """The inverse document frequency: a word that no skill has weighs most."""
        return 1 + log((len(self.skills) + 1) / (self.counts.get(term, 0) + 1))

    def score(self, number: int, prompt: frozenset[str]) -> float:
        """The fraction of the prompt's weight that this skill covers, 0..1."""
        total = covered = 0.0
        for term in sorted(prompt):
            weight = self.weight(term)
            total += weight
            if term in self.names[number]:
                covered += weight
            elif term in self.descriptions[number]:
                covered += weight * IN_DESCRIPTION
        return covered / total if total else 0.0

    def rank(self, prompt: str) -> Sequence[Selection]:
        """Every skill with a score above 0, best first; equal scores by name."""
        query = terms(prompt)
        results = [
            Selection(skill.name, round(self.score(number, query), 6))
            for number, skill in enumerate(self.skills)
            if not query.isdisjoint(self.names[number] | self.descriptions[number])
        ]
        return sorted(results, key=lambda each: (-each.score, each.name))

    def select(self, prompt: str) -> Selection:
        best = next(iter(self.rank(prompt)), Selection("", 0.0))
        return best if best.score >= THRESHOLD else Selection("", best.score)


def failures_of(context: Context, package: SkillPackage) -> tuple[Failure, ...]:
    """The evals that this draft fails, in the order in which they were written."""
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
        *_selection_failures(evals, summary, other_skills(context, summary.name)),
        *_missing_facts(evals, package),
    )


def other_skills(context: Context, name: str = "") -> list[SkillSummary]:
    """The active skills without the one that this job writes or refines."""
    brief = context.brief
    own = {name, brief.name if brief else ""}
    return [skill for skill in context.fleet if skill.name not in own]


def duplicate_in(context: Context, evals: Evals) -> str:
    """The active skill that already does what the evals ask for, or "".

    It is selected for every positive prompt, and its text contains at least half of the
    facts. If its text is unavailable, the facts are not checked.
    """
    selector = SkillSelector(other_skills(context))
    selected = {selector.select(prompt).name for prompt in evals.positives}
    if len(selected) != 1 or not (name := selected.pop()):
        return ""
    text = _normalized(context.skill_text(name))
    present = sum(_normalized(fact) in text for fact in evals.facts)
    return name if not text or present * 2 >= len(evals.facts) else ""


def _specification_failures(summary: SkillSummary) -> Iterator[Failure]:
    for field in ("name", "description"):
        if not getattr(summary, field).strip():
            yield Failure("specification", field, f"The frontmatter has no {field}.")


def _selection_failures(
    evals: Evals, summary: SkillSummary, others: list[SkillSummary]
) -> Iterator[Failure]:
    selector = SkillSelector([*others, summary])
    # `duplicate_of` is a skill that a person accepted as a duplicate of this one.
    accepted = {summary.name, evals.duplicate_of} - {""}
    for prompt in evals.positives:
        if (name := selector.select(prompt).name) not in accepted:
            reason = f"It selects {name}." if name else "It selects no skill."
            yield Failure("positive", prompt, reason)
    for prompt in evals.near_misses:
        if selector.select(prompt).name == summary.name:
            yield Failure("near_miss", prompt, "It selects this skill.")


def _missing_facts(evals: Evals, package: SkillPackage) -> Iterator[Failure]:
    text = _normalized(draft_text(package))
    for fact in evals.facts:
        if _normalized(fact) not in text:
            yield Failure("fact", fact, "It is neither in the body nor in a reference.")


def draft_text(package: SkillPackage) -> str:
    """The whole text of the draft: the body of SKILL.md and the other text files."""
    bodies = (
        package.reading.body
        if file.path == package.reading.path
        else file.content.decode(errors="replace")
        for file in package.files
        if file.path.endswith(TEXT_SUFFIXES)
    )
    return "\n\n".join(bodies)


def _normalized(text: str) -> str:
    """The text without line breaks and quotation marks at the start of its lines."""
    return " ".join(QUOTE_MARKS.sub("", text).split())
