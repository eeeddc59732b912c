"""The files of a new skill: a short SKILL.md, and long parts in references/."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from jobs.authors.frontmatter import use_when
from jobs.authors.markdown import Markdown, split_sentences
from jobs.authors.material import GENERIC, Material, Part, introduction_of, parts_of
from jobs.authors.page import Section
from jobs.authors.phrases import clipped, sentence, slug
from taxonomy.files.gate import File, Files, as_files
from taxonomy.skillmd.document import render

LINES = {"navigation_hub": 40, "minimal": 80, "comprehensive": 400}
"""How many lines of parts may stay in SKILL.md, by style."""

DEFAULT_LINES = 150
LONGEST_PART = 300
MOST_REFERENCES = 24
SOURCES_LENGTH = 500
OWN_HEADING = ("prerequisites", "links")
"""Kinds of parts whose fixed heading replaces the title of a single section."""


QUOTES = 5
QUOTE_LENGTH = 300
STATED_USE = re.compile(
    r"^use\s(?:\S+\s){1,6}?(?:for|to|when|if|whenever)\b.*\.$", re.I
)
LABEL = re.compile(r"\[([^\[\]\n]+)\]")
NEEDED = re.compile(
    r"\bassum(?:e|ing)\b|\brequires?\b.*\binstalled\b|\bneeds? to have\b"
    r"|\bmake sure (?:that )?you have\b|\b(?:must|should) be installed\b"
    r"|\byou (?:will )?need (?:an?|the)\b|\bfollowing instructions assume\b",
    re.I,
)


class Reference(NamedTuple):
    """A file in references/."""

    path: str
    title: str
    content: str
    about: str


def skill_files(material: Material, name: str, description: str) -> Files:
    """The whole skill; its SKILL.md has fewer than 500 lines."""
    parts = [*_answer_parts(material), *parts_of(material)]
    numbers = _parts_to_move(material, parts)
    moved = [part for number, part in enumerate(parts) if number in numbers]
    remaining = [part for number, part in enumerate(parts) if number not in numbers]
    references = list(_references(material, moved))
    frontmatter: dict[str, object] = {"name": name, "description": description}
    if material.pages:
        sources = ", ".join(page.name for page in material.pages)
        frontmatter["metadata"] = {"sources": clipped(sources, SOURCES_LENGTH)}
    body = "\n\n".join(_body(material, remaining, moved, references))
    text = render(frontmatter, _with_definitions(material, body))
    files = [File("SKILL.md", text.encode())]
    for each in references:
        content = f"{_with_definitions(material, each.content)}\n"
        files.append(File(each.path, content.encode()))
    return as_files(files)


def _answer_parts(material: Material) -> Iterator[Part]:
    """A part for each answer of a person, in the person's words."""
    for topic, kind in (
        ("steps", "instructions"),
        ("constraints", "constraints"),
        ("examples", "examples"),
    ):
        if text := material.assignment.answer(topic):
            yield Part(kind, Section("", Markdown(text)), order=-1)


def _parts_to_move(material: Material, parts: Sequence[Part]) -> set[int]:
    """The numbers of the parts that go to references/, so that the rest fits.

    Parts for reference are moved first, then those with the fewest words of the brief,
    the longest before shorter ones. The first part with instructions stays, unless it
    alone is too long.
    """
    max_lines = LINES.get(material.assignment.style, DEFAULT_LINES)
    total = sum(part.lines for part in parts)
    first = next((part for part in parts if _can_be_first(part)), None)
    moved = set()
    for number in sorted(
        range(len(parts)),
        key=lambda number: (
            not parts[number].is_for_reference,
            parts[number].overlap(material.subject),
            -parts[number].lines,
        ),
    ):
        if total <= max_lines:
            break
        if parts[number] is not first:
            moved.add(number)
            total -= parts[number].lines
    return moved


def _can_be_first(part: Part) -> bool:
    """Whether the instructions can begin with this part."""
    is_short = part.lines <= LONGEST_PART
    return part.kind == "instructions" and part.is_actionable and is_short


def _references(material: Material, moved: Sequence[Part]) -> Iterator[Reference]:
    """The files in references/; above a limit, the last file has all other sections."""
    taken: set[str] = set()
    sections = [_with_title(material, part) for part in moved]
    sections, others = sections[:MOST_REFERENCES], sections[MOST_REFERENCES:]
    if others:
        sections.append(Section("Further sections", children=tuple(others)))
    for section in sections:
        stem = name = slug(section.title) or "details"
        while stem in taken:
            stem = f"{name}-{len(taken) + 1}"
        taken.add(stem)
        yield Reference(
            f"references/{stem}.md",
            section.title,
            section.rendered(1),
            next(iter(section.whole.sentences()), ""),
        )


def _with_title(material: Material, part: Part) -> Section:
    """The part's section; one without a title gets its kind or the page's title."""
    if part.section.title:
        return part.section
    title = part.kind.capitalize() if part.order < 0 else material.title
    return replace(part.section, title=title or "Details")


def _body(
    material: Material,
    remaining: Sequence[Part],
    moved: Sequence[Part],
    references: Sequence[Reference],
) -> Iterator[str]:
    """The blocks of SKILL.md's body: fixed headings, with parts and references."""
    yield f"# {material.title or 'Skill'}"
    yield from _purpose(material)
    yield from _headed("When to use", remaining, "when", _when(material))
    requirements = _requirements([*remaining, *moved])
    yield from _headed("Prerequisites", remaining, "prerequisites", requirements)
    yield from _headed("Instructions", remaining, "instructions")
    yield from _headed("Examples", remaining, "examples")
    yield from _headed("Constraints", remaining, "constraints")
    yield from _headed("Warnings", (), "", _warnings(moved))
    yield from _headed("Troubleshooting", remaining, "troubleshooting")
    yield from _headed("References", (), "", _reference_list(references))
    yield from _headed("See also", remaining, "links")


def _purpose(material: Material) -> Iterator[str]:
    """The purpose, unless it only repeats the title, and the first introduction."""
    purpose = sentence(material.assignment.answer("purpose") or material.subject)
    if purpose and purpose.casefold() != sentence(material.title).casefold():
        yield purpose
    if material.pages and (first := introduction_of(material.pages[0])[0].text):
        yield first


def _when(material: Material) -> str:
    """When to use the skill, with sentences of the sources that say so."""
    sentences = (
        sentence
        for paragraph in material.whole.paragraphs()
        for sentence in split_sentences(paragraph)
    )
    stated = _bullets(
        each for each in sentences if is_short(each) and STATED_USE.match(each)
    )
    return "\n\n".join(filter(None, [use_when(material), stated]))


def _requirements(parts: Sequence[Part]) -> str:
    """The sentences of the instructions that name a requirement."""
    sentences = [
        sentence
        for part in parts
        if part.kind == "instructions"
        for sentence in part.section.whole.sentences()
    ]
    return _bullets(
        each
        for each in sentences
        if is_short(each) and NEEDED.search(each) and each[-1] == "."
    )


def _warnings(moved: Sequence[Part]) -> str:
    """The warnings of moved parts; SKILL.md repeats them, so that nobody misses one."""
    return _bullets(
        warning
        for part in moved
        for warning in part.section.whole.admonitions(strong=True)
    )


def _bullets(sentences: Iterable[str]) -> str:
    """A list of the first few sentences that are not too long."""
    short = [each for each in sentences if is_short(each)]
    return "\n".join(f"- {each}" for each in short[:QUOTES])


def is_short(sentence: str) -> bool:
    """Whether a sentence may be quoted; the patterns are slow on long ones."""
    return len(sentence) <= QUOTE_LENGTH


def _reference_list(references: Sequence[Reference]) -> str:
    lines = []
    for path, title, _, about in references:
        first = f": {about}" if about and len(about) <= QUOTE_LENGTH else ""
        lines.append(f"- [{title.replace('`', '')}]({path}){first}")
    return "\n".join(lines)


def _headed(
    heading: str, parts: Sequence[Part], kind: str, opening: str = ""
) -> Iterator[str]:
    """A fixed heading, the opening and the parts of this kind, if there are any.

    A part's own title is left out where it would only repeat the heading.
    """
    matching = [part for part in parts if part.kind == kind]
    if not matching and not opening:
        return
    yield f"## {heading}"
    if opening:
        yield opening
    for part in matching:
        section = part.section
        title = section.title.casefold()
        is_generic = title in GENERIC or kind in OWN_HEADING
        is_single = len(matching) == 1
        is_repeated = (is_single and is_generic) or title == heading.casefold()
        yield Section("" if is_repeated else section.title, section.body).rendered(3)
        yield from (child.rendered(4) for child in section.children)


def _with_definitions(material: Material, text: str) -> str:
    """The text, followed by the link definitions that it uses but does not have."""
    used = set(LABEL.findall(text.casefold()))
    own = {line.strip() for line in text.split("\n")}
    lines = [
        line
        for page in material.pages
        for label, line in page.definitions
        if label in used and line not in own
    ]
    return "\n\n".join([text, "\n".join(lines)]) if lines else text
