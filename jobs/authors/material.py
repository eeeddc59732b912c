"""The material of a job: its sources as pages, and their parts by kind."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from jobs.authors.base import Assignment
from jobs.authors.markdown import NO_MARKDOWN, Markdown, split_sentences
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
LONG_PROSE = 12
LONG_INTRODUCTION = 40
FEW_SECTIONS = 4
LONGEST_HEADING = 80
SYMPTOM = re.compile(
    r"\bthe likely cause\b|\byou (?:may|might) (?:see|get|run into)\b"
    r"|\bif you (?:see|get) (?:an?|the) [^.]{0,60}(?:error|message)\b",
    re.I,
)
KINDS = (
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
    ("omitted", re.compile(r"(?:table of )?contents$|license$|contributing$", re.I)),
)
"""The kind of a section by its title; sections with other titles are instructions."""


@dataclass(frozen=True)
class Material:
    """The assignment, with its sources as pages; each source is parsed once."""

    assignment: Assignment
    pages: tuple[Page, ...]

    @classmethod
    def of(cls, assignment: Assignment) -> "Material":
        sources = [source for source in assignment.sources if source.text.strip()]
        return cls(assignment, tuple(map(read_page, sources)))

    @cached_property
    def subject(self) -> str:
        """The subject of the brief, or "" if it only says that it wants a skill."""
        return subject(self.assignment.task_description)

    @cached_property
    def title(self) -> str:
        """The title of the first source that has one, else the brief's subject."""
        titles = [page.title for page in self.pages if page.title]
        first = self.subject.split(". ")[0].rstrip(".")
        return titles[0] if titles else f"{first[:1].upper()}{first[1:]}"

    @cached_property
    def whole(self) -> Markdown:
        """All sources as one piece, cleaned and without headings."""
        return Markdown.joined(page.whole for page in self.pages)

    @cached_property
    def sentences(self) -> list[str]:
        return distinct(self.whole.sentences())

    @cached_property
    def code(self) -> list[str]:
        return self.whole.code_blocks()

    @cached_property
    def tasks(self) -> list[str]:
        """List items that say what to do."""
        return [item for item in self.whole.items() if is_task(item)]

    @cached_property
    def proper_nouns(self) -> frozenset[str]:
        text = " ".join([*self.sentences, self.subject])
        return proper_nouns(unmarked(re.sub(r"`[^`]*`", "", text)))

    @cached_property
    def headings(self) -> list[str]:
        """The headings that name a subject, without markup."""
        own = bare(self.title).casefold()
        return [
            title
            for title in distinct(map(bare, self._titles()))
            if title.casefold() not in GENERIC
            and kind_of(title) in ("instructions", "troubleshooting")
            and not QUESTION.match(title)
            and title.casefold() != own
            and len(title) <= LONGEST_HEADING
        ]

    def _titles(self) -> Iterator[str]:
        """Titles of pages and sections; with few sections, also of those below."""
        yield from (page.title for page in self.pages[1:])
        for page in self.pages:
            for section in page.sections:
                yield section.title
                if len(page.sections) < FEW_SECTIONS:
                    yield from (child.title for child in section.children)

    @cached_property
    def common_words(self) -> list[str]:
        """The three words that the sources use most."""
        counts = Counter(word.lower() for word in words(unmarked(self.whole.text)))
        specific = [word for word in counts if len(word) > 4 and terms(word)]
        return sorted(specific, key=lambda word: (-counts[word], word))[:3]

    @cached_property
    def lead(self) -> str:
        """The sentence among the first four that has the most words of the title."""
        pieces = [page.lead for page in self.pages]
        pieces += [section.body for page in self.pages for section in page.sections]
        first = [
            sentence
            for piece in pieces
            for paragraph in piece.introduction()[0].paragraphs()
            for sentence in split_sentences(paragraph)
            if len(sentence.split()) >= 5 and not SELF_TALK.search(sentence)
        ][:4]
        title = terms(self.title)
        return max(first, key=lambda each: len(terms(each) & title), default="")


@dataclass(frozen=True)
class Part:
    """A section of a source, or an answer, and its kind in the skill.

    `kind` is instructions, prerequisites, examples, constraints, troubleshooting,
    when or links; `order` counts the parts of the sources from 0, an answer has -1.
    """

    kind: str
    section: Section
    order: int = 0

    @cached_property
    def lines(self) -> int:
        return self.section.rendered(3).count("\n") + 2

    @cached_property
    def is_for_reference(self) -> bool:
        """Whether readers look things up here, instead of following instructions."""
        whole = self.section.whole
        if whole.has_definitions() or whole.has_table():
            return True
        return self.lines > LONG_PROSE and not self.is_actionable

    @cached_property
    def is_actionable(self) -> bool:
        """Whether the part has commands or tasks."""
        whole = self.section.whole
        return bool(whole.code_blocks()) or any(map(is_task, whole.items()))

    def overlap(self, subject: str) -> int:
        """How many of the subject's words the part's headings have."""
        return len(terms(subject) & terms(" ".join(self.section.titles())))


def parts_of(material: Material) -> list[Part]:
    """The parts of all pages that belong into a skill, in their order."""
    parts = [part for page in material.pages for part in _parts(material, page)]
    return [
        replace(part, order=order)
        for order, part in enumerate(parts)
        if not part.section.is_empty and part.kind != "omitted"
    ]


def introduction_of(page: Page) -> tuple[Markdown, Markdown]:
    """The page's lead in two: up to the first command, and the rest.

    An introduction that is too long belongs to the rest.
    """
    first, rest = page.lead.introduction()
    is_long = first.text.count("\n") > LONG_INTRODUCTION
    return (NO_MARKDOWN, page.lead) if is_long else (first, rest)


def _parts(material: Material, page: Page) -> Iterator[Part]:
    """The parts of a page. The lead of the first page has no title of its own."""
    if page is material.pages[0]:
        yield Part("instructions", Section("", introduction_of(page)[1]))
    else:
        yield Part("instructions", Section(page.title or page.name, page.lead))
    for section in page.sections:
        kind = _kind(section)
        if kind != "links" or "](http" in section.whole.text:
            yield Part(kind, section)


def _kind(section: Section) -> str:
    kind = kind_of(section.title)
    first = next(section.body.paragraphs(), "")
    is_symptom = kind == "instructions" and SYMPTOM.search(first)
    return "troubleshooting" if is_symptom else kind


def kind_of(title: str) -> str:
    """The kind of a section by its title; by default, instructions."""
    plain = title.strip("`*_.:? ")
    for kind, pattern in KINDS:
        if pattern.match(plain):
            return kind
    return "instructions"
