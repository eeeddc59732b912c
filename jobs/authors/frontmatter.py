"""The name, category and description of a new skill, in the material's words."""

import re
from collections.abc import Sequence

from jobs.authors.material import Material
from jobs.authors.phrases import (
    CONNECTING_WORDS,
    NAME_LENGTH,
    bare,
    clipped,
    distinct,
    is_task,
    listed,
    lowered,
    sentence,
    slug,
    unique,
    unmarked,
)
from jobs.pipeline.evaluation import terms
from taxonomy.category_matcher import CategoryMatcher, CategoryWords

UNCATEGORIZED = "uncategorized"
DEFAULT_NAME = "new-skill"
COMMON_STEMS = frozenset({"readme", "index", "skill", "license", "source", "text"})
"""Names of files that do not tell the content."""

SPECIFIC_WORDS = 3
"""A title with this many significant words is specific enough to become the name."""

CALLED = re.compile(
    r"\b(?:called|named)\s+[`\"'\u201c]?([a-z0-9]+(?:-[a-z0-9]+)*)[`\"'\u201d]?"
)
CLAUSE_END = re.compile(r"[:;,.(]|\s[-\u2013\u2014]\s")
DESCRIPTION_LENGTH = 1024
PURPOSE_LENGTH = 400
USE_LENGTH = 600
PHRASES = 8
USE_WHEN = re.compile(r"^(?:use\s+(?:this\s+skill\s+|it\s+)?)?when(?:ever)?\s+", re.I)


def name_for(material: Material) -> str:
    """The name that the brief gives, else one from the title, brief or file name.

    A specific title comes before the brief's first clause, any other title after it.
    """
    called = CALLED.search(material.assignment.task_description)
    title = bare(material.title)
    clause = CLAUSE_END.split(material.subject)[0]
    is_specific = len(terms(title)) >= SPECIFIC_WORDS
    candidates = (
        called[1] if called else "",
        slug(title) if is_specific else "",
        slug(clause),
        slug(title),
        *(slug(_file_stem(page.name)) for page in material.pages[:1]),
        DEFAULT_NAME,
    )
    name = next(filter(None, candidates))[:NAME_LENGTH].strip("-")
    return unique(name, material.assignment.taken_names)


def _file_stem(file_name: str) -> str:
    """A file's name without its ending, or "" if it does not tell the content."""
    stem = file_name.rsplit("/", 1)[-1].rsplit(".", 1)[0].replace("_", "-")
    return "" if stem.lower() in COMMON_STEMS else stem


def category_for(material: Material) -> str:
    """The path of the intended category, else of the one that matches best.

    For the match, the brief, the title and the languages of the code count like a
    skill's name, the headings and the lead like its description.
    """
    assignment = material.assignment
    if assignment.intended_taxonomy_path:
        return assignment.intended_taxonomy_path
    matcher = CategoryMatcher(
        CategoryWords(category.path, category.description)
        for category in assignment.categories
    )
    languages = sorted(material.whole.languages())
    subject = " ".join([material.subject, material.title, *languages])
    path = matcher.best(subject, [*material.headings, material.lead])
    return path or UNCATEGORIZED


def description(material: Material) -> str:
    """What the skill does and when to use it, in at most 1024 characters."""
    purpose = clipped(_purpose(material), PURPOSE_LENGTH)
    is_clipped = purpose.endswith("\u2026")
    parts = [purpose if is_clipped else sentence(purpose), use_when(material)]
    return clipped(" ".join(filter(None, parts)), DESCRIPTION_LENGTH) or "\u2026"


def _purpose(material: Material) -> str:
    """What the skill does: by the answer of a person, the brief, or title and lead."""
    stated = material.assignment.answer("purpose") or material.subject
    if stated:
        return stated
    title = bare(material.title)
    if is_task(title) or not material.lead:
        return title
    return f"{title}: {unmarked(material.lead)}" if title else unmarked(material.lead)


def use_when(material: Material) -> str:
    """A sentence that begins with "Use when", or "" if the material has no words."""
    reasons = _use_reasons(material)
    return clipped(sentence(f"Use when {reasons}"), USE_LENGTH) if reasons else ""


def _use_reasons(material: Material) -> str:
    """From the answers of people, titles and headings, else the most common words."""
    answer = " ".join(material.assignment.answer("trigger").split())
    stated = USE_WHEN.sub("", answer).rstrip(".")
    tasks, topics = tasks_and_topics(material)
    reasons = [stated] if stated else []
    if tasks:
        reasons.append(f"you need to {listed(tasks)}")
    if not (stated or tasks or topics):
        topics = material.common_words
    if topics and not (stated and topics == [lowered(bare(material.title))]):
        reasons.append(f"the task involves {listed(topics)}")
    return ", or when ".join(reasons)


def tasks_and_topics(material: Material) -> tuple[Sequence[str], Sequence[str]]:
    """(tasks, topics) of the skill, as phrases for the middle of a sentence."""
    title = bare(material.title)
    tasks: list[str] = []
    topics: list[str] = []
    for phrase in distinct([title, *material.headings])[:PHRASES]:
        plain = lowered(phrase, material.proper_nouns)
        if is_task(phrase):
            tasks.append(plain)
        elif plain.split(" ")[0] not in CONNECTING_WORDS:
            topics.append(plain)
        elif is_task(title):  # "Inside an application" continues the title
            tasks.append(f"{lowered(title, material.proper_nouns)} {plain}")
    return tasks, topics
