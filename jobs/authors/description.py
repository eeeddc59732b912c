"""The description: what and when, in nouns of the source and the brief."""

import re
from collections.abc import Sequence

from jobs.authors.material import Material
from jobs.authors.wording import (
    JOINTS,
    bare,
    clipped,
    distinct,
    is_task,
    listed,
    lowered,
    sentence,
    unmarked,
)

LENGTH = 1024
WHAT = 400
PHRASES = 8
USE_WHEN = re.compile(r"^(?:use\s+(?:this\s+skill\s+|it\s+)?)?when(?:ever)?\s+", re.I)


def description(material: Material) -> str:
    """At most 1024 characters."""
    what = clipped(_what(material), WHAT)
    parts = [sentence(what) if what[-1:] != "\u2026" else what]
    parts.append(use_when(material))
    return clipped(" ".join(filter(None, parts)), LENGTH) or "\u2026"


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
    tasks, topics = phrases(material)
    reasons = [stated] if stated else []
    if tasks:
        reasons.append(f"you need to {listed(tasks)}")
    if not (stated or tasks or topics):
        topics = material.common_words
    if topics and not (stated and topics == [lowered(bare(material.title))]):
        reasons.append(f"the task involves {listed(topics)}")
    return ", or when ".join(reasons)


def phrases(material: Material) -> tuple[Sequence[str], Sequence[str]]:
    """(things to do, things it is about), in words for the middle of a sentence."""
    title = bare(material.title)
    tasks: list[str] = []
    topics: list[str] = []
    for phrase in distinct([title, *material.headings])[:PHRASES]:
        plain = lowered(phrase, material.proper)
        if is_task(phrase):
            tasks.append(plain)
        elif plain.split(" ")[0] not in JOINTS:
            topics.append(plain)
        elif is_task(title):  # "Inside an application" goes on where the title ends
            tasks.append(f"{lowered(title, material.proper)} {plain}")
    return tasks, topics
