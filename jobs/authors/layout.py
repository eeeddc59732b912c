"""From parts to files: a short SKILL.md, and long parts in references/."""

import re
from collections.abc import Iterable, Iterator, Sequence

from jobs.authors import markdown
from jobs.authors.frontmatter import use_when
from jobs.authors.material import GENERIC, Material, Part, introduction_of, parts_of
from jobs.authors.page import Section
from jobs.authors.phrases import clipped, sentence, slug
from taxonomy.files.file import File, Files, as_files
from taxonomy.skillmd.document import render

LINES = {"navigation_hub": 40, "minimal": 80, "comprehensive": 400}
"""How many lines of parts SKILL.md keeps, by style."""

DEFAULT_LINES = 150
LONGEST_PART = 300
MOST_REFERENCES = 24
SPOKEN_FOR = ("prerequisites", "links")
QUOTES = 5
QUOTE_LENGTH = 300
STATED_USE = re.compile(
    r"^use\s(?:\S+\s){1,6}?(?:for|to|when|if|whenever)\b.*\.$", re.I
)
NEEDED = re.compile(
    r"\bassum(?:e|ing)\b|\brequires?\b.*\binstalled\b|\bneeds? to have\b"
    r"|\bmake sure (?:that )?you have\b|\b(?:must|should) be installed\b"
    r"|\byou (?:will )?need (?:an?|the)\b|\bfollowing instructions assume\b",
    re.I,
)


def skill_files(material: Material, name: str, description: str) -> Files:
    """The whole skill; its SKILL.md has fewer than 500 lines."""
    parts = [*_answered(material), *parts_of(material)]
    moved = _moved(material, parts)
    kept = [part for part in parts if part not in moved]
    references = list(_references(material, moved))
    frontmatter: dict[str, object] = {"name": name, "description": description}
    if material.pages:
        sources = ", ".join(page.name for page in material.pages)
        frontmatter["metadata"] = {"sources": clipped(sources, 500)}
    body = "\n\n".join(_body(material, kept, moved, references))
    text = render(frontmatter, _linked(material, body))
    files = [File("SKILL.md", text.encode())]
    for path, _, content in references:
        files.append(File(path, f"{_linked(material, content)}\n".encode()))
    return as_files(files)


def _answered(material: Material) -> Iterator[Part]:
    """Answers of people, in their words."""
    assignment = material.assignment
    for topic, place in (
        ("steps", "instructions"),
        ("constraints", "constraints"),
        ("examples", "examples"),
    ):
        if text := assignment.answer(topic):
            yield Part(place, Section("", text), order=-1)


def _moved(material: Material, parts: Sequence[Part]) -> list[Part]:
    """What goes to references/, so that the rest fits; in the order of the sources.

    First what one looks things up in, then what is furthest from the brief, the
    longest first. The first thing to follow stays, unless it alone is too long.
    """
    room = LINES.get(material.assignment.style, DEFAULT_LINES)
    total = sum(part.lines for part in parts)
    first = next((part for part in parts if _leads(part)), None)
    moved = []
    for part in sorted(
        parts,
        key=lambda part: (
            not part.is_for_reference,
            part.nearness(material.subject),
            -part.lines,
        ),
    ):
        if total <= room:
            break
        if part is not first:
            moved.append(part)
            total -= part.lines
    return sorted(moved, key=parts.index)


def _leads(part: Part) -> bool:
    """Whether the instructions can begin with it."""
    is_short = part.lines <= LONGEST_PART
    return part.place == "instructions" and part.is_to_follow and is_short


def _references(
    material: Material, moved: Sequence[Part]
) -> Iterator[tuple[str, str, str]]:
    """(path, title, content) of each file in references/."""
    taken: set[str] = set()
    sections = [_titled(material, part) for part in moved]
    alone, rest = sections[:MOST_REFERENCES], sections[MOST_REFERENCES:]
    if rest:
        alone.append(Section("Further sections", "", tuple(rest)))
    for section in alone:
        stem = name = slug(section.title) or "details"
        while stem in taken:
            stem = f"{name}-{len(taken) + 1}"
        taken.add(stem)
        yield f"references/{stem}.md", section.title, section.rendered(1)


def _titled(material: Material, part: Part) -> Section:
    if part.section.title:
        return part.section
    title = part.place.capitalize() if part.order < 0 else material.title
    return Section(title or "Details", part.section.text, part.section.children)


def _body(
    material: Material,
    kept: Sequence[Part],
    moved: Sequence[Part],
    references: Sequence[tuple[str, str, str]],
) -> Iterator[str]:
    yield f"# {material.title or 'Skill'}"
    yield from _purpose(material)
    yield from _when(material, kept)
    needed = _needed(material, [*kept, *moved])
    yield from _headed("Prerequisites", kept, "prerequisites", needed)
    yield from _headed("Instructions", kept, "instructions")
    yield from _headed("Examples", kept, "examples")
    yield from _headed("Constraints", kept, "constraints")
    yield from _headed("Warnings", (), "", _hoisted(moved))
    yield from _headed("Troubleshooting", kept, "troubleshooting")
    yield from _headed("References", (), "", _reference_list(moved, references))
    yield from _headed("See also", kept, "links")


def _purpose(material: Material) -> Iterator[str]:
    told = sentence(material.assignment.answer("purpose") or material.subject)
    if told and told.casefold() != sentence(material.title).casefold():
        yield told
    if material.pages and (told := introduction_of(material.pages[0])[0]):
        yield told


def _when(material: Material, kept: Sequence[Part]) -> Iterator[str]:
    told = [
        sentence
        for paragraph in markdown.paragraphs(material.text)
        for sentence in markdown.split_sentences(paragraph)
    ]
    stated = _bullets(each for each in told if STATED_USE.match(each))
    first = "\n\n".join(filter(None, [use_when(material), stated]))
    yield from _headed("When to use", kept, "when", first)


def _needed(material: Material, parts: Sequence[Part]) -> str:
    """What the instructions take for granted; the introduction says its own."""
    texts = [part.section.whole_text for part in parts if part.place == "instructions"]
    told = [sentence for text in texts for sentence in markdown.sentences(text)]
    return _bullets(each for each in told if NEEDED.search(each) and each[-1] == ".")


def _hoisted(moved: Sequence[Part]) -> str:
    """Warnings of the moved parts: what is dangerous does not hide behind a link."""
    texts = [part.section.whole_text for part in moved]
    return _bullets(
        [w for text in texts for w in markdown.admonitions(text, strong=True)]
    )


def _bullets(sentences: Iterable[str]) -> str:
    short = [each for each in sentences if len(each) <= QUOTE_LENGTH]
    return "\n".join(f"- {each}" for each in short[:QUOTES])


def _reference_list(
    moved: Sequence[Part], references: Sequence[tuple[str, str, str]]
) -> str:
    lines = []
    for place, (path, title, _) in enumerate(references):
        text = moved[place].section.whole_text if place < len(moved) else ""
        told = next(iter(markdown.sentences(text)), "")
        about = f": {told}" if told and len(told) <= QUOTE_LENGTH else ""
        lines.append(f"- [{title.replace('`', '')}]({path}){about}")
    return "\n".join(lines)


def _headed(
    heading: str, kept: Sequence[Part], place: str, first: str = ""
) -> Iterator[str]:
    """A fixed heading and what stands below it; nothing when nothing does."""
    chosen = [part for part in kept if part.place == place]
    if not chosen and not first:
        return
    yield f"## {heading}"
    if first:
        yield first
    for part in chosen:
        section = part.section
        title = section.title.casefold()
        alone = len(chosen) == 1 and (title in GENERIC or place in SPOKEN_FOR)
        is_said = alone or title == heading.casefold()
        yield Section("" if is_said else section.title, section.text).rendered(3)
        yield from (child.rendered(4) for child in section.children)


def _linked(material: Material, text: str) -> str:
    """With the link definitions that it uses and does not hold."""
    folded = text.casefold()
    lines = [
        line
        for page in material.pages
        for label, line in page.definitions
        if f"[{label}]" in folded and line not in text
    ]
    return "\n\n".join([text, "\n".join(lines)]) if lines else text
