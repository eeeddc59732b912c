"""The material of a job: its sources as pages, and their parts by where they belong."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from jobs.authors import markdown
from jobs.authors.base import Assignment
from jobs.authors.page import Page, Section, read_page
from jobs.authors.phrases import (
    bare,
    distinct,
    is_task,
    proper_nouns,
    subject,
    unmarked,
    words,
)
from jobs.pipeline.evaluation import terms

PLACES = (
    (
        "prerequisites",
        re.compile(
            r"prerequisites?\b|requirements?$|before you (?:start|begin)|dependencies$"
            r"|what you(?:'ll| will)? need",
            re.I,
        ),
    ),
    (
        "troubleshooting",
        re.compile(
            r".*\b(?:troubleshoot\w*|faq|problems?|known issues|gotchas|pitfalls"
            r"|common (?:errors|mistakes|issues))\b|what about\b|why\b",
            re.I,
        ),
    ),
    ("when", re.compile(r"when (?:to use|should)\b|use cases?$", re.I)),
    ("links", re.compile(r"(?:see also|next steps|further reading|links)$", re.I)),
    ("left out", re.compile(r"(?:table of )?contents$|license$|contributing$", re.I)),
)


def place_of(title: str) -> str:
    """instructions, unless the title says something else."""
    plain = title.strip("`*_.:? ")
    for place, pattern in PLACES:
        if pattern.match(plain):
            return place
    return "instructions"


GENERIC = frozenset(
    {
        *("introduction", "overview", "usage", "example", "examples", "setup"),
        *("getting started", "setting up", "set up", "quickstart", "quick start"),
        *("next steps", "see also", "further reading", "references", "reference"),
        *("requirements", "prerequisites", "installation", "notes", "note", "steps"),
        *("background", "summary", "conclusion", "basics", "faq", "contents", "about"),
        *("table of contents", "license", "contributing", "changelog", "prerequisite"),
        *("settings", "options", "key", "keys", "role", "inputs", "process", "tips"),
        *("procedure", "procedures", "instructions", "workflow", "commands"),
        *("guidelines", "output", "output format", "quick reference", "philosophy"),
        *("troubleshooting", "configuration", "basic usage", "when to use", "purpose"),
    }
)
QUESTION = re.compile(r"(?:what|why|how|who|is|are|can|do|does|should)\b|.*\?$", re.I)
SELF_TALK = re.compile(
    r"\b(?:this|the following) (?:section|page|document|guide)\b", re.I
)


@dataclass(frozen=True)
class Material:
    """The assignment with its sources as pages."""

    assignment: Assignment
    pages: tuple[Page, ...]

    @classmethod
    def of(cls, assignment: Assignment) -> "Material":
        sources = [source for source in assignment.sources if source.text.strip()]
        return cls(assignment, tuple(read_page(s.name, s.text) for s in sources))

    @cached_property
    def subject(self) -> str:
        """What the brief is about; "" when it only says that a skill is wanted."""
        return subject(self.assignment.task_description)

    @cached_property
    def title(self) -> str:
        """The first source's title as it stands, else the brief's subject."""
        titles = [page.title for page in self.pages if page.title]
        said = self.subject.split(". ")[0].rstrip(".")
        return titles[0] if titles else f"{said[:1].upper()}{said[1:]}"

    @cached_property
    def text(self) -> str:
        """All sources, cleaned, without headings."""
        return "\n\n".join(page.text for page in self.pages if page.text)

    @cached_property
    def sentences(self) -> list[str]:
        return distinct(markdown.sentences(self.text))

    @cached_property
    def code(self) -> list[str]:
        return markdown.code_blocks(self.text)

    @cached_property
    def items(self) -> list[str]:
        return markdown.items(self.text)

    @cached_property
    def tasks(self) -> list[str]:
        """List items that tell what to do."""
        return [item for item in self.items if is_task(item)]

    @cached_property
    def proper(self) -> frozenset[str]:
        told = re.sub(r"`[^`]*`", "", " ".join([*self.sentences, self.subject]))
        return proper_nouns(unmarked(told))

    @cached_property
    def headings(self) -> list[str]:
        """What the parts are about: telling headings, without markup."""
        titles = [page.title for page in self.pages[1:]]
        for page in self.pages:
            for section in page.sections:
                titles.append(section.title)
                if len(page.sections) < 4:
                    titles += [child.title for child in section.children]
        plain = distinct(bare(title) for title in titles)
        own = bare(self.title).casefold()
        return [
            title
            for title in plain
            if title.casefold() not in GENERIC
            and place_of(title) in ("instructions", "troubleshooting")
            and not QUESTION.match(title)
            and title.casefold() != own
            and len(title) <= 80
        ]

    @cached_property
    def common_words(self) -> list[str]:
        """The words that the sources use most, when no heading says more."""
        found = Counter(word.lower() for word in words(unmarked(self.text)))
        telling = [word for word in found if len(word) > 4 and terms(word)]
        return sorted(telling, key=lambda word: (-found[word], word))[:3]

    @cached_property
    def lead(self) -> str:
        """Of the first sentences the one that says most of what the title says."""
        texts = [page.lead for page in self.pages]
        texts += [section.text for page in self.pages for section in page.sections]
        told = [
            sentence
            for text in texts
            for paragraph in markdown.paragraphs(markdown.introduction(text)[0])
            for sentence in markdown.split_sentences(paragraph)
            if len(sentence.split()) >= 5 and not SELF_TALK.search(sentence)
        ]
        title = terms(self.title)
        return max(told[:4], key=lambda each: len(terms(each) & title), default="")


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
        if markdown.has_definitions(text) or markdown.has_table(text):
            return True
        return self.lines > LONG_PROSE and not self.is_to_follow

    @cached_property
    def is_to_follow(self) -> bool:
        """Whether it holds commands or things to do."""
        text = self.section.whole_text
        return bool(markdown.code_blocks(text)) or any(
            map(is_task, markdown.items(text))
        )

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
    told, rest = markdown.introduction(page.lead)
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
    first = next(markdown.paragraphs(section.text), "")
    is_symptom = place == "instructions" and SYMPTOM.search(first)
    return "troubleshooting" if is_symptom else place
