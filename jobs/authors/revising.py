"""Changing a draft by its failures and by feedback, or saying that nothing helps."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs.authors.description import LENGTH, description
from jobs.authors.markdown import prose
from jobs.authors.markdown.tokens import tokens_of
from jobs.authors.material import Material
from jobs.authors.naming import name_for
from jobs.authors.wording import bare, clipped, is_task, lowered, sentence
from jobs.pipeline.selection import terms
from jobs.pipeline.state import Failure
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
        self.frontmatter["description"] = clipped(" ".join(text.split()), LENGTH)

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
        if len(longer) <= LENGTH:
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
                ticks = "`" * max(3, prose.longest_ticks(token.content) + 1)
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
