"""The parts of the sources, each with its place in the skill."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from jobs.authors.markdown import prose
from jobs.authors.markdown.sections import Page, Section
from jobs.authors.material import Material
from jobs.authors.places import place_of
from jobs.authors.wording import is_task
from jobs.pipeline.selection import terms

LONG_PROSE = 12
LONG_INTRODUCTION = 40
SYMPTOM = re.compile(
    r"\bthe likely cause\b|\byou (?:may|might) (?:see|get|run into)\b"
    r"|\bif you (?:see|get) (?:an?|the) [^.]{0,60}(?:error|message)\b",
    re.I,
)


@dataclass(frozen=True)
class Part:
    """A section of a source and where it goes."""

    place: str
    section: Section
    order: int = 0

    @cached_property
    def lines(self) -> int:
        return self.section.rendered(3).count("\n") + 2

    @cached_property
    def is_for_reference(self) -> bool:
        """Whether it is looked things up in, rather than followed."""
        text = self.section.whole_text
        if prose.has_definitions(text) or prose.has_table(text):
            return True
        return self.lines > LONG_PROSE and not self.is_to_follow

    @cached_property
    def is_to_follow(self) -> bool:
        """Whether it holds commands or things to do."""
        text = self.section.whole_text
        return bool(prose.code_blocks(text)) or any(map(is_task, prose.items(text)))

    def nearness(self, subject: str) -> int:
        """How many of the subject's words its headings have."""
        return len(terms(subject) & terms(" ".join(self.section.titles())))


def parts_of(material: Material) -> list[Part]:
    found = [part for page in material.pages for part in _parts(material, page)]
    return [
        Part(part.place, part.section, order)
        for order, part in enumerate(found)
        if not part.section.is_empty and part.place != "left out"
    ]


def introduction_of(page: Page) -> tuple[str, str]:
    """(what stands before the first command, the rest of the lead); "" if too long."""
    told, rest = prose.introduction(page.lead)
    return ("", page.lead) if told.count("\n") > LONG_INTRODUCTION else (told, rest)


def _parts(material: Material, page: Page) -> Iterator[Part]:
    """A first page's lead goes on untitled; other pages keep their titles."""
    if page is material.pages[0]:
        yield Part("instructions", Section("", introduction_of(page)[1]))
    else:
        yield Part("instructions", Section(page.title or page.name, page.lead))
    for section in page.sections:
        place = _place(section)
        if place != "links" or "](http" in section.whole_text:
            yield Part(place, section)


def _place(section: Section) -> str:
    place = place_of(section.title)
    first = next(prose.paragraphs(section.text), "")
    is_symptom = place == "instructions" and SYMPTOM.search(first)
    return "troubleshooting" if is_symptom else place
