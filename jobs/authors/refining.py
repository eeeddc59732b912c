"""What people want of the next version, and what a template author can do about it.

Orders in the feedback are followed. What is no order, and every focus area, is asked
about: the words that the person answers enter the skill as they stand.
"""

import re
from collections.abc import Iterator

from jobs.authors.base import Assignment
from jobs.authors.material import Material
from jobs.authors.revising import (
    ORDER,
    Revision,
    read_draft,
    section_named,
    with_revision,
)
from jobs.authors.wording import clipped
from jobs.pipeline.state import FEEDBACK, FOCUS, Question
from taxonomy.files.file import Files
from taxonomy.skillmd.document import SkillMdError, decode, parse

QUOTE = 200
VERBATIM = "This author writes nothing of its own: your words are added as they stand."


def wishes(assignment: Assignment) -> Iterator[Question]:
    """A question for each wish that no order says and no answer has met yet."""
    if assignment.job_type != "skill_refinement":
        return
    met = {given.topic for given in assignment.given}
    questions = (*_of_areas(assignment), *_of_feedback(assignment))
    for number, question in enumerate(questions, start=1):
        if question[0] not in met:
            topic, text, rationale = question
            yield Question(
                f"wish-{number}", text, rationale=rationale.strip(), topic=topic
            )


def _of_areas(assignment: Assignment) -> Iterator[tuple[str, str, str]]:
    """(topic, text, rationale)."""
    areas = assignment.user_context.get("focus_areas", ())
    body = _current_body(assignment)
    for area in areas:
        if said := section_text(body, area):
            text = f"What should “{area}” say besides what it says now?"
            yield f"{FOCUS}{area}", text, f"{VERBATIM} Now: {clipped(said, QUOTE)}"
        else:
            text = f"What should the skill say about “{area}”?"
            yield f"{FOCUS}{area}", text, f"{VERBATIM} It has no such section yet."


def _of_feedback(assignment: Assignment) -> Iterator[tuple[str, str, str]]:
    for wish in _free_words(assignment.feedback):
        quoted = clipped(wish, QUOTE)
        text = f"With which words should the skill follow “{quoted}”?"
        yield f"{FEEDBACK}{quoted}", text, VERBATIM


def _free_words(feedback: tuple[str, ...]) -> Iterator[str]:
    """The paragraphs of the feedback, without the lines that are orders."""
    for paragraph in re.split(r"\n\s*\n", "\n\n".join(feedback)):
        lines = [line for line in paragraph.splitlines() if not ORDER.match(line)]
        if free := " ".join(" ".join(lines).split()):
            yield free


def _current_body(assignment: Assignment) -> str:
    draft = [file.content for file in assignment.draft if file.path == "SKILL.md"]
    sources = [s.text.encode() for s in assignment.sources if s.name == "SKILL.md"]
    try:
        return parse(decode(next(iter([*draft, *sources]), b""))).body
    except SkillMdError:
        return ""


def section_text(body: str, title: str) -> str:
    """What stands below this heading, on one line; "" when there is no such."""
    if (place := section_named(body, title)) is None:
        return ""
    start, end = place
    return " ".join(" ".join(body.split("\n")[start + 1 : end]).split())


def refined(material: Material, current: Files) -> Files:
    """The current version with the orders followed and the answers in their place."""
    frontmatter, body, _ = read_draft(current)
    revision = Revision(material, dict(frontmatter), body)
    revision.follow(material.assignment.feedback)
    for given in material.assignment.given:
        if given.topic.startswith(FOCUS):
            revision.extend(given.topic.removeprefix(FOCUS), given.text)
        elif given.topic.startswith(FEEDBACK):
            revision.note(given.text)
    if (revision.frontmatter, revision.body) == (frontmatter, body):
        return current
    return with_revision(current, revision)
