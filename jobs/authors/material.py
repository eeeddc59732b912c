"""All that a template author may draw on, read once."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from jobs.authors.base import Assignment
from jobs.authors.markdown import prose
from jobs.authors.markdown.sections import Page, read_page
from jobs.authors.places import place_of
from jobs.authors.wording import (
    bare,
    distinct,
    is_task,
    proper_nouns,
    subject,
    unmarked,
    words,
)
from jobs.pipeline.selection import terms

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
        return distinct(prose.sentences(self.text))

    @cached_property
    def code(self) -> list[str]:
        return prose.code_blocks(self.text)

    @cached_property
    def items(self) -> list[str]:
        return prose.items(self.text)

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
            for paragraph in prose.paragraphs(prose.introduction(text)[0])
            for sentence in prose.split_sentences(paragraph)
            if len(sentence.split()) >= 5 and not SELF_TALK.search(sentence)
        ]
        title = terms(self.title)
        return max(told[:4], key=lambda each: len(terms(each) & title), default="")
