"""A Markdown document as a tree of sections, each with its own lines verbatim."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from jobs.authors.markdown.cleaning import cleaned
from jobs.authors.markdown.tokens import plain, tokens_of

DEFINITION = re.compile(r"^ {0,3}\[([^\]\n]+)\]:[ \t]*\S.*$", re.M)


@dataclass(frozen=True)
class Section:
    """A heading, the text up to the next heading, and the sections below it."""

    title: str
    text: str = ""
    children: tuple["Section", ...] = ()

    def rendered(self, depth: int) -> str:
        """The whole section, its heading at this depth (1 is `#`)."""
        heading = f"{'#' * min(depth, 6)} {self.title}" if self.title else ""
        parts = [heading, self.text]
        parts += [child.rendered(depth + 1) for child in self.children]
        return "\n\n".join(part for part in parts if part)

    @property
    def whole_text(self) -> str:
        """All text of it and below it, without headings."""
        texts = [self.text, *(child.whole_text for child in self.children)]
        return "\n\n".join(text for text in texts if text)

    @property
    def is_empty(self) -> bool:
        return not self.whole_text.strip()

    def titles(self) -> Iterator[str]:
        """Its own title and all below it, in order."""
        yield self.title
        for child in self.children:
            yield from child.titles()


@dataclass(frozen=True)
class Page:
    """One source: its title ("" without one), lead text and sections."""

    name: str
    title: str
    lead: str
    sections: tuple[Section, ...]
    definitions: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        parts = [self.lead, *(section.whole_text for section in self.sections)]
        return "\n\n".join(part for part in parts if part)


def read_page(name: str, source: str) -> Page:
    """The document cleaned and cut into sections; headings in code do not count."""
    text = cleaned(source)
    preamble, top = _tree(text)
    title = ""
    if top and not preamble.strip():
        title, preamble, top = top[0].title, top[0].text, [*top[0].children, *top[1:]]
    definitions = tuple(
        (found[1].casefold(), found[0].strip()) for found in DEFINITION.finditer(text)
    )
    kept = tuple(section for section in top if not section.is_empty)
    return Page(name, title or _front_title(source), preamble, kept, definitions)


def _front_title(source: str) -> str:
    """The title or name that YAML frontmatter gives, when no heading does."""
    found = re.match(r"---\n(?:.*\n)*?(?:title|name):[ \t]*(.+)\n", plain(source))
    front_end = plain(source).find("\n---", 3)
    if not found or found.end() > front_end + 1:
        return ""
    return " ".join(found[1].strip().strip("\"'").split())


def _tree(text: str) -> tuple[str, list[Section]]:
    """(what stands before the first heading, the sections of the top level)."""
    lines = text.split("\n")
    flat = list(_flat(text, lines))
    first = flat[0][2] if flat else len(lines)
    return _strip("\n".join(lines[:first])), _nest(flat)


def _flat(text: str, lines: list[str]) -> Iterator[tuple[int, Section, int]]:
    """(level, section without children, its first line) for every heading."""
    tokens = tokens_of(text)
    found = [
        (int(token.tag[1]), _title(tokens[place + 1].content), token.map)
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]
    ends = [lines_map[0] for _, _, lines_map in found[1:]] + [len(lines)]
    for (level, title, (start, body)), end in zip(found, ends, strict=False):
        yield level, Section(title, _strip("\n".join(lines[body:end]))), start


def _title(content: str) -> str:
    """On one line, without the dots of a title that goes on from the one above."""
    line = " ".join(content.split())
    return line.lstrip(".\u2026 ") or line


def _nest(flat: list[tuple[int, Section, int]]) -> list[Section]:
    result: list[Section] = []
    place = 0
    while place < len(flat):
        level, section, _ = flat[place]
        end = place + 1
        while end < len(flat) and flat[end][0] > level:
            end += 1
        below = tuple(child for child in _nest(flat[place + 1 : end]))
        result.append(replace(section, children=below))
        place = end
    return result


def _strip(text: str) -> str:
    """Without blank lines around; indentation of the first line stays."""
    return re.sub(r"\A(?:[ \t]*\n)+", "", text).rstrip()
