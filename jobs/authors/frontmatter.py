"""A new skill's name, category and description, from the material's own words."""

import re
from collections.abc import Sequence

from jobs.authors.material import Material
from jobs.authors.phrases import (
    JOINTS,
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
from jobs.pipeline.context import CategoryChoice
from jobs.pipeline.evaluation import terms

UNCATEGORIZED = "uncategorized"
FALLBACK = "new-skill"
EVERYWHERE = frozenset({"readme", "index", "skill", "license", "source", "text"})
TELLING_WORDS = 3
ENOUGH = 2.0
"""What a category has to reach; one word of a description in common is chance."""

CALLED = re.compile(
    r"\b(?:called|named)\s+[`\"'\u201c]?([a-z0-9]+(?:-[a-z0-9]+)*)[`\"'\u201d]?"
)
CLAUSE_END = re.compile(r"[:;,.(]|\s[-\u2013\u2014]\s")


def name_for(material: Material) -> str:
    """The name the brief gives; else a telling title, the brief's first clause."""
    called = CALLED.search(material.assignment.task_description)
    title = bare(material.title)
    clause = CLAUSE_END.split(material.subject)[0]
    is_telling = len(terms(title)) >= TELLING_WORDS
    wanted = (
        called[1] if called else "",
        slug(title) if is_telling else "",
        slug(clause),
        slug(title),
        *(slug(stem) for page in material.pages[:1] if (stem := _stem(page.name))),
        FALLBACK,
    )
    name = next(name for name in wanted if name)[:NAME_LENGTH].strip("-")
    return unique(name, material.assignment.taken_names)


def _stem(file_name: str) -> str:
    """A file's name without its ending, unless every folder has one of that name."""
    stem = file_name.rsplit("/", 1)[-1].rsplit(".", 1)[0].replace("_", "-")
    return "" if stem.lower() in EVERYWHERE else stem


def category_for(material: Material) -> str:
    """The path that was asked for, else the one whose words fit best."""
    assignment = material.assignment
    if assignment.intended_taxonomy_path:
        return assignment.intended_taxonomy_path
    strong = terms(f"{material.subject} {material.title}")
    weak = terms(" ".join([*material.headings, material.lead]))
    spoken = terms(" ".join(material.whole.languages()))
    best, best_score = UNCATEGORIZED, ENOUGH - 0.01
    for category in assignment.categories:
        score = _fit(category, strong, weak, spoken)
        if score > best_score:
            best, best_score = category.path, score
    return best


def _fit(
    category: CategoryChoice,
    strong: frozenset[str],
    weak: frozenset[str],
    spoken: frozenset[str],
) -> float:
    """Its own name counts most, then the language of code, then its description."""
    last = category.path.rsplit("/", 1)[-1]
    own = terms(f"{last.replace('-', ' ')} {category.name}")
    path = terms(category.path.replace("-", " ").replace("/", " "))
    described = terms(category.description)
    score = 4.0 * len(own & strong) + 1.0 * len(described & strong)
    score += 2.0 * bool(own & spoken)
    return score + 0.5 * len(own & weak) + 0.5 * len((path - own) & strong)


DESCRIPTION_LENGTH = 1024
WHAT_LENGTH = 400
PHRASES = 8
USE_WHEN = re.compile(r"^(?:use\s+(?:this\s+skill\s+|it\s+)?)?when(?:ever)?\s+", re.I)


def description(material: Material) -> str:
    """At most 1024 characters."""
    what = clipped(_what(material), WHAT_LENGTH)
    parts = [sentence(what) if what[-1:] != "\u2026" else what]
    parts.append(use_when(material))
    return clipped(" ".join(filter(None, parts)), DESCRIPTION_LENGTH) or "\u2026"


def _what(material: Material) -> str:
    answered = material.assignment.answer("purpose")
    if answered or material.subject:
        return answered or material.subject
    title = bare(material.title)
    if is_task(title) or not material.lead:
        return title
    return f"{title}: {unmarked(material.lead)}" if title else unmarked(material.lead)


def use_when(material: Material) -> str:
    """A sentence that begins with "Use when"; "" when there are no words for it."""
    return (
        clipped(sentence(f"Use when {told}"), 600) if (told := _when(material)) else ""
    )


def _when(material: Material) -> str:
    """What people answered, then titles and headings, else the commonest words."""
    answered = " ".join(material.assignment.answer("trigger").split())
    stated = USE_WHEN.sub("", answered).rstrip(".")
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
    """(things to do, things it is about), in words for the middle of a sentence."""
    title = bare(material.title)
    tasks: list[str] = []
    topics: list[str] = []
    for phrase in distinct([title, *material.headings])[:PHRASES]:
        plain = lowered(phrase, material.proper_nouns)
        if is_task(phrase):
            tasks.append(plain)
        elif plain.split(" ")[0] not in JOINTS:
            topics.append(plain)
        elif is_task(title):  # "Inside an application" goes on where the title ends
            tasks.append(f"{lowered(title, material.proper_nouns)} {plain}")
    return tasks, topics
