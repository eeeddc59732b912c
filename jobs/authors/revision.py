"""Revises a draft by feedback, answers and failed evals.

A template author follows feedback of the form `description: …`, `title: …`, `add: …`
and `remove: <heading>`. For other feedback, and for each focus area of a refinement, it
asks a person, whose answer is added to the skill unchanged.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.authors.base import Assignment
from jobs.authors.frontmatter import DESCRIPTION_LENGTH, description, name_for
from jobs.authors.markdown import Markdown, on_one_line
from jobs.authors.material import Material
from jobs.authors.phrases import bare, clipped, is_task, lowered, sentence
from jobs.pipeline.evaluation import terms
from jobs.pipeline.state import FEEDBACK, FOCUS, Failure, Question
from taxonomy.files.gate import File, Files, as_files
from taxonomy.skillmd.document import (
    SKILL_MD,
    SkillMdError,
    decode,
    parse_as_clients,
    read_skill,
    render,
    split,
)

COMMAND = re.compile(r"^\s*[-*]?\s*(description|title|add|remove)\s*:\s*(\S.*)$", re.I)
"""A line of feedback that the built-in author can carry out."""

NOTES = "## Further notes"
PROMPT_START = re.compile(r"^(?:how do i|help me with)\s+", re.I)
BROKEN_FRONTMATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
QUOTE = 200
VERBATIM = "This author writes nothing of its own: your words are added as they stand."


@dataclass(frozen=True)
class SkillText:
    """The content of a SKILL.md.

    `head` is the text of its frontmatter. It is None if the frontmatter is not strict
    YAML. If it cannot be parsed at all, `body` is everything below it.
    """

    frontmatter: dict[str, Any]
    body: str
    head: str | None

    @classmethod
    def of(cls, files: Files) -> "SkillText":
        reading = read_skill(files, None)
        if reading.document is None:
            content = reading.file.content if reading.file else b""
            text = content.decode(errors="replace")
            return cls({}, BROKEN_FRONTMATTER.sub("", text), None)
        head = None if reading.problem else split(reading.text)[0]
        return cls(without_empty(reading.frontmatter), reading.body, head)


def without_empty(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping without `{}` and `[]`, which strict YAML cannot hold."""
    filled = {
        key: without_empty(value) if isinstance(value, Mapping) else value
        for key, value in mapping.items()
    }
    return {key: value for key, value in filled.items() if value not in ({}, [])}


class Revision:
    """A SKILL.md that is being changed."""

    def __init__(self, material: Material, files: Files) -> None:
        self.material = material
        self.files = files
        self.before = SkillText.of(files)
        self.frontmatter = dict(self.before.frontmatter)
        self.body = self.before.body

    @property
    def has_changes(self) -> bool:
        before = self.before.frontmatter, self.before.body
        return (self.frontmatter, self.body) != before

    def result(self) -> Files:
        """The files with this SKILL.md; unchanged frontmatter keeps its exact text."""
        text = render(self.frontmatter, self.body)
        head = self.before.head
        if head is not None and self.frontmatter == self.before.frontmatter:
            text = f"---{head}---\n\n{self.body.strip()}\n"
        others = [file for file in self.files if file.path != SKILL_MD]
        return as_files([File(SKILL_MD, text.encode()), *others])

    def follow(self, feedback: Iterable[str]) -> None:
        """Execute every line of feedback that is a command; ignore the others."""
        commands = {
            "description": self._set_description,
            "title": self._set_title,
            "add": self.add_note,
            "remove": self._remove_section,
        }
        for line in "\n".join(feedback).splitlines():
            if command := COMMAND.match(line):
                commands[command[1].lower()](command[2].strip())

    def correct(self, failure: Failure) -> None:
        """Change the skill so that this eval passes, if the material has the words."""
        if failure.kind == "fact":
            self.add_note(_fact_in(self.material, failure.text))
        elif failure.kind == "positive":
            self._add_to_description(failure.text)
        elif failure.kind == "specification":
            self._complete_frontmatter()

    def add_note(self, text: str) -> None:
        """Add words of a source or a person at the end, below a fixed heading."""
        if not text.strip() or text in self.body:
            return
        if NOTES not in self.body:
            self.body = f"{self.body.rstrip()}\n\n{NOTES}"
        self.body = f"{self.body}\n\n{text}"

    def extend(self, title: str, text: str) -> None:
        """Add words of a person at the end of this section, or of a new one."""
        if text in self.body:
            return
        lines = self.body.rstrip().split("\n")
        if section := section_lines(Markdown(self.body), title):
            head, tail = lines[: section.stop], lines[section.stop :]
        else:
            head, tail = [*lines, "", f"## {title[:1].upper()}{title[1:]}"], []
        longer = "\n".join(head).rstrip() + f"\n\n{text.strip()}\n\n"
        self.body = (longer + "\n".join(tail)).rstrip()

    def _set_description(self, text: str) -> None:
        self.frontmatter["description"] = clipped(on_one_line(text), DESCRIPTION_LENGTH)

    def _set_title(self, text: str) -> None:
        if self.body.startswith("# "):
            self.body = re.sub(r"\A# .*", lambda _: f"# {text}", self.body, count=1)
        else:
            self.body = f"# {text}\n\n{self.body}"

    def _remove_section(self, title: str) -> None:
        """Remove the section with this heading, and all sections below it."""
        lines = self.body.split("\n")
        if section := section_lines(Markdown(self.body), title):
            rest = [*lines[: section.start], *lines[section.stop :]]
            self.body = "\n".join(rest).strip()

    def _add_to_description(self, prompt: str) -> None:
        """Add the prompt's words to the description, if the material has them all."""
        before = str(self.frontmatter.get("description", ""))
        request = PROMPT_START.sub("", prompt).rstrip("?. ")
        material = self.material
        text = [material.whole.text, *material.headings, material.title]
        words = terms(request)
        is_covered = words <= terms(before)
        is_supported = words <= terms(" ".join([*text, material.subject]))
        if is_covered or not is_supported:
            return
        phrase = lowered(request, material.proper_nouns)
        is_action = is_task(request)
        reason = f"you need to {phrase}" if is_action else f"it involves {phrase}"
        longer = f"{before} {sentence(f'Also use when {reason}')}".strip()
        if len(longer) <= DESCRIPTION_LENGTH:
            self.frontmatter["description"] = longer

    def _complete_frontmatter(self) -> None:
        """Add the name or the description that is missing."""
        brief = self.material.assignment.brief
        name = brief.name if brief else name_for(self.material)
        if not str(self.frontmatter.get("name", "")).strip():
            self.frontmatter = {**self.frontmatter, "name": name}
        if not str(self.frontmatter.get("description", "")).strip():
            self.frontmatter["description"] = description(self.material)


def revise_draft(
    material: Material, draft: Files, failures: Sequence[Failure]
) -> Files | None:
    """The changed draft; None if neither feedback nor failures lead to a change."""
    revision = Revision(material, draft)
    revision.follow(material.assignment.feedback)
    for failure in failures:
        revision.correct(failure)
    if revision.before.head is not None and not revision.has_changes:
        return None
    return revision.result()


def refine_version(material: Material, current: Files) -> Files:
    """The current version, changed by the feedback and extended by the answers."""
    revision = Revision(material, current)
    revision.follow(material.assignment.feedback)
    for answer in material.assignment.answers:
        if answer.topic.startswith(FOCUS):
            revision.extend(answer.topic.removeprefix(FOCUS), answer.text)
        elif answer.topic.startswith(FEEDBACK):
            revision.add_note(answer.text)
    return revision.result() if revision.has_changes else current


def refinement_questions(assignment: Assignment) -> Iterator[Question]:
    """Ask for the words of each change that is neither a command nor answered."""
    if assignment.job_type != "skill_refinement":
        return
    answered = {answer.topic for answer in assignment.answers}
    questions = (*_about_areas(assignment), *_about_feedback(assignment))
    for number, (topic, text, rationale) in enumerate(questions, start=1):
        if topic not in answered:
            yield Question(f"wish-{number}", text, rationale=rationale, topic=topic)


def _about_areas(assignment: Assignment) -> Iterator[tuple[str, str, str]]:
    """(topic, text, rationale) for each focus area."""
    body = _current_body(assignment)
    for area in assignment.user_context.get("focus_areas", ()):
        if current := section_text(body, area):
            text = f"What should “{area}” say besides what it says now?"
            yield f"{FOCUS}{area}", text, f"{VERBATIM} Now: {clipped(current, QUOTE)}"
        else:
            text = f"What should the skill say about “{area}”?"
            yield f"{FOCUS}{area}", text, f"{VERBATIM} It has no such section yet."


def _about_feedback(assignment: Assignment) -> Iterator[tuple[str, str, str]]:
    """(topic, text, rationale) for each paragraph that has more than commands."""
    for paragraph in re.split(r"\n\s*\n", "\n\n".join(assignment.feedback)):
        lines = [line for line in paragraph.splitlines() if not COMMAND.match(line)]
        if wish := on_one_line(" ".join(lines)):
            quoted = clipped(wish, QUOTE)
            text = f"With which words should the skill follow “{quoted}”?"
            yield f"{FEEDBACK}{quoted}", text, VERBATIM


def _current_body(assignment: Assignment) -> Markdown:
    """The body of the draft's SKILL.md, or of the version to refine."""
    draft = [file.content for file in assignment.draft if file.path == SKILL_MD]
    sources = [
        source.text.encode() for source in assignment.sources if source.name == SKILL_MD
    ]
    content = next(iter([*draft, *sources]), b"")
    try:
        return Markdown(parse_as_clients(decode(content)).body)
    except SkillMdError:
        return Markdown("")


def _fact_in(material: Material, fact: str) -> str:
    """The code block, paragraph or answer that contains a fact, verbatim, or ""."""
    answers = (answer.text for answer in material.assignment.answers)
    answer_with_fact = next((text for text in answers if fact in text), "")
    return material.whole.block_with(fact) or answer_with_fact


def section_text(body: Markdown, title: str) -> str:
    """The text below this heading, on one line, or "" if there is no such heading."""
    section = section_lines(body, title)
    if section is None:
        return ""
    return on_one_line(
        "\n".join(body.text.split("\n")[section.start + 1 : section.stop])
    )


def section_lines(body: Markdown, title: str) -> range | None:
    """The lines of the first section with this heading, the heading included."""
    folded = bare(title.lstrip("# ")).casefold()
    headings = body.headings()
    for number, heading in enumerate(headings):
        if bare(heading.text).casefold() == folded:
            following = headings[number + 1 :]
            ends = (each.line for each in following if each.level <= heading.level)
            return range(heading.line, next(ends, body.text.count("\n") + 1))
    return None
