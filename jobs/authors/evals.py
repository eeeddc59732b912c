"""Evals out of the brief and the sources: prompts, near misses, facts."""

from collections.abc import Iterator

from jobs.authors.frontmatter import tasks_and_topics
from jobs.authors.markdown import command_lines, split_sentences
from jobs.authors.material import Material
from jobs.authors.phrases import bare, clipped, distinct
from jobs.pipeline.context import SkillSummary
from jobs.pipeline.evaluation import Shelf, terms
from jobs.pipeline.state import Evals

PROMPTS = 6
NEIGHBOURS = 2
FACTS = 10
LONGEST_FACT = 300
UNRELATED = (
    "Write a short poem about {noun}",
    "Translate the single word {noun} into French",
)


def evals_for(material: Material) -> Evals:
    return Evals(
        positives=tuple(distinct(_positives(material))[:PROMPTS]),
        near_misses=tuple(distinct(_near_misses(material))),
        facts=tuple(distinct(_facts(material))[:FACTS]),
    )


def _positives(material: Material) -> Iterator[str]:
    """What people would ask: the brief, then titles and headings."""
    if material.subject:
        yield clipped(material.subject, 200)
    tasks, topics = tasks_and_topics(material)
    yield from (f"How do I {task}?" for task in tasks if len(terms(task)) >= 2)
    yield from (f"Help me with {topic}" for topic in topics if len(terms(topic)) >= 2)


def _near_misses(material: Material) -> Iterator[str]:
    """Prompts that share a word with the skill, and what its neighbours are for."""
    title = bare(material.title) or material.subject
    nouns = [word for word in title.split() if len(terms(word)) == 1 and len(word) > 3]
    if nouns:
        yield from (prompt.format(noun=nouns[-1].lower()) for prompt in UNRELATED)
    neighbours = Shelf(material.assignment.fleet)
    near = neighbours.rank(f"{title} {material.subject}")[:NEIGHBOURS]
    by_name = {skill.name: skill for skill in material.assignment.fleet}
    yield from (_asked(by_name[pick.name]) for pick in near)


def _asked(skill: SkillSummary) -> str:
    """Another skill's own purpose, as a prompt."""
    name = skill.name.replace("-", " ")
    return clipped(f"{name}: {skill.description.split('. ')[0]}", 200)


def _facts(material: Material) -> Iterator[str]:
    """Commands, warnings and answers, as they stand in the material."""
    for topic in ("steps", "constraints", "examples"):
        lines = material.assignment.answer(topic).splitlines()
        yield from [line.strip() for line in lines if not line.startswith("```")][:1]
    for code in material.code[:6]:
        line = next(iter(command_lines(code)), "")
        if len(line) <= LONGEST_FACT:
            yield line
    for line in material.whole.admonitions()[:4]:
        first = split_sentences(line)[0]
        if len(first) <= LONGEST_FACT and "[!" not in first:
            yield first
