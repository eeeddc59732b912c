"""The evals of a new skill, made from the brief and the sources."""

from collections.abc import Iterator

from jobs.authors.frontmatter import tasks_and_topics
from jobs.authors.markdown import command_lines, split_sentences
from jobs.authors.material import Material
from jobs.authors.phrases import bare, clipped, distinct
from jobs.pipeline.context import SkillSummary
from jobs.pipeline.evaluation import SkillSelector, terms
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
    """Prompts that people would write: the brief, then titles and headings."""
    if material.subject:
        yield clipped(material.subject, 200)
    tasks, topics = tasks_and_topics(material)
    yield from (f"How do I {task}?" for task in tasks if len(terms(task)) >= 2)
    yield from (f"Help me with {topic}" for topic in topics if len(terms(topic)) >= 2)


def _near_misses(material: Material) -> Iterator[str]:
    """Prompts with a word of the skill, and the purposes of the most similar skills."""
    title = bare(material.title) or material.subject
    nouns = [word for word in title.split() if len(terms(word)) == 1 and len(word) > 3]
    if nouns:
        yield from (prompt.format(noun=nouns[-1].lower()) for prompt in UNRELATED)
    selector = SkillSelector(material.assignment.fleet)
    nearest = selector.rank(f"{title} {material.subject}")[:NEIGHBOURS]
    by_name = {skill.name: skill for skill in material.assignment.fleet}
    yield from (_purpose(by_name[each.name]) for each in nearest)


def _purpose(skill: SkillSummary) -> str:
    """The purpose of another skill as a prompt."""
    name = skill.name.replace("-", " ")
    return clipped(f"{name}: {skill.description.split('. ')[0]}", 200)


def _facts(material: Material) -> Iterator[str]:
    """Commands, warnings and answers, verbatim."""
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
