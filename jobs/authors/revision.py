"""Changes a draft by feedback and failed evals, or says that nothing helps."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs.authors import markdown
from jobs.authors.base import Assignment
from jobs.authors.frontmatter import DESCRIPTION_LENGTH, description, name_for
from jobs.authors.markdown import tokens_of
from jobs.authors.material import Material
from jobs.authors.phrases import bare, clipped, is_task, lowered, sentence
from jobs.pipeline.evaluation import terms
from jobs.pipeline.state import FEEDBACK, FOCUS, Failure, Question
from taxonomy.files.file import File, Files, as_files
from taxonomy.skillmd.document import SkillMdError, decode, parse, render, split

ORDER = re.compile(r"^\s*[-*]?\s*(description|title|add|remove)\s*:\s*(\S.*)$", re.I)
NOTES = "## Further notes"
ASKED = re.compile(r"^(?:how do i|help me with)\s+", re.I)


@dataclass
class Revision:
    """A draft's SKILL.md in the making."""

    material: Material
    frontmatter: dict[str, Any] = field(default_factory=dict)
    body: str = ""

    def follow(self, feedback: Iterable[str]) -> None:
        """Every line of feedback that is an order; nothing else can be acted on."""
        orders = {
            "description": self._describe,
            "title": self._entitle,
            "add": self.note,
            "remove": self._remove,
        }
        for line in "\n".join(feedback).splitlines():
            if order := ORDER.match(line):
                orders[order[1].lower()](order[2].strip())

    def close(self, failure: Failure) -> None:
        if failure.kind == "fact":
            self.note(_holding(self.material, failure.text))
        elif failure.kind == "positive":
            self._name_in_description(failure.text)
        elif failure.kind == "specification":
            self._repair()

    def _describe(self, text: str) -> None:
        self.frontmatter["description"] = clipped(
            " ".join(text.split()), DESCRIPTION_LENGTH
        )

    def _entitle(self, text: str) -> None:
        if self.body.startswith("# "):
            self.body = re.sub(r"\A# .*", lambda _: f"# {text}", self.body, count=1)
        else:
            self.body = f"# {text}\n\n{self.body}"

    def note(self, text: str) -> None:
        """Words of the sources or of a person, below a heading at the end."""
        if not text.strip() or text in self.body:
            return
        if NOTES not in self.body:
            self.body = f"{self.body.rstrip()}\n\n{NOTES}"
        self.body = f"{self.body}\n\n{text}"

    def _remove(self, title: str) -> None:
        """The section with this heading, and all below it."""
        lines = self.body.split("\n")
        if place := section_named(self.body, title):
            start, end = place
            self.body = "\n".join([*lines[:start], *lines[end:]]).strip()

    def extend(self, title: str, text: str) -> None:
        """Words of a person at the end of this section, or of one that is new."""
        if text in self.body:
            return
        lines = self.body.rstrip().split("\n")
        if place := section_named(self.body, title):
            head, tail = lines[: place[1]], lines[place[1] :]
        else:
            head, tail = [*lines, "", f"## {title[:1].upper()}{title[1:]}"], []
        longer = "\n".join(head).rstrip() + f"\n\n{text.strip()}\n\n"
        self.body = (longer + "\n".join(tail)).rstrip()

    def _name_in_description(self, prompt: str) -> None:
        """Words that the description lacks, when the material has them all."""
        told = str(self.frontmatter.get("description", ""))
        asked = ASKED.sub("", prompt).rstrip("?. ")
        known = terms(f"{self.material.text} {' '.join(self.material.headings)}")
        known |= terms(f"{self.material.title} {self.material.subject}")
        wanted = terms(asked)
        if wanted <= terms(told) or not wanted <= known:
            return
        phrase = lowered(asked, self.material.proper)
        reason = f"you need to {phrase}" if is_task(asked) else f"it involves {phrase}"
        longer = f"{told} {sentence(f'Also use when {reason}')}".strip()
        if len(longer) <= DESCRIPTION_LENGTH:
            self.frontmatter["description"] = longer

    def _repair(self) -> None:
        """A name and a description where there is none."""
        brief = self.material.assignment.brief
        name = brief.name if brief else name_for(self.material)
        if not str(self.frontmatter.get("name", "")).strip():
            self.frontmatter = {**self.frontmatter, "name": name}
        if not str(self.frontmatter.get("description", "")).strip():
            self.frontmatter["description"] = description(self.material)


def revised(
    material: Material, draft: Files, failures: Sequence[Failure]
) -> Files | None:
    """The changed draft; None when neither feedback nor failures can be followed."""
    frontmatter, body, readable = read_draft(draft)
    revision = Revision(material, dict(frontmatter), body)
    revision.follow(material.assignment.feedback)
    for failure in failures:
        revision.close(failure)
    if readable and (revision.frontmatter, revision.body) == (frontmatter, body):
        return None
    return with_revision(draft, revision)


def with_revision(draft: Files, revision: Revision) -> Files:
    """The draft with this SKILL.md; a frontmatter that says the same stays as it is."""
    frontmatter, _, readable = read_draft(draft)
    text = render(revision.frontmatter, revision.body)
    if readable and revision.frontmatter == frontmatter:
        head, _ = split(decode(_skill_md(draft)))
        text = f"---{head}---\n\n{revision.body.strip()}\n"
    others = [file for file in draft if file.path != "SKILL.md"]
    return as_files([File("SKILL.md", text.encode()), *others])


def read_draft(draft: Files) -> tuple[dict[str, Any], str, bool]:
    """(frontmatter, body, whether the two could be told apart)."""
    content = _skill_md(draft)
    try:
        document = parse(decode(content))
    except SkillMdError:
        text = content.decode(errors="replace")
        return {}, re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL), False
    return document.frontmatter, document.body, True


def _skill_md(draft: Files) -> bytes:
    return next((file.content for file in draft if file.path == "SKILL.md"), b"")


def _holding(material: Material, fact: str) -> str:
    """The code block or the paragraph of the sources that holds a fact, verbatim."""
    squeezed = " ".join(fact.split())
    for token in tokens_of(material.text):
        if token.map and squeezed in " ".join(token.content.split()):
            if token.type in ("fence", "code_block"):
                ticks = "`" * max(3, markdown.longest_ticks(token.content) + 1)
                language = token.info.split(" ")[0]
                return f"{ticks}{language}\n{token.content.rstrip()}\n{ticks}"
            if token.type == "inline":
                return token.content
    answers = [given.text for given in material.assignment.given]
    return next((text for text in answers if fact in text), "")


def section_named(body: str, title: str) -> tuple[int, int] | None:
    """(first line, line after the last) of the first section with this heading."""
    return next(iter(_sections(body, title.lstrip("# ").casefold())), None)


def _sections(body: str, title: str) -> Iterable[tuple[int, int]]:
    """(first line, line after the last) of the sections with this heading."""
    tokens = tokens_of(body)
    headings = [
        (int(token.tag[1]), bare(tokens[place + 1].content).casefold(), token.map[0])
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]
    total = body.count("\n") + 1
    for place, (level, text, start) in enumerate(headings):
        if text == bare(title).casefold():
            later = (at for deep, _, at in headings[place + 1 :] if deep <= level)
            yield start, next(later, total)


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
