"""A source document as a page: cleaned of its site's markup, cut into sections."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from jobs.authors.markdown import CODE, lines_in, plain, tokens_of

LABELS = {
    "note": "Note",
    "tip": "Tip",
    "hint": "Hint",
    "info": "Note",
    "important": "Important",
    "warning": "Warning",
    "caution": "Caution",
    "danger": "Danger",
    "attention": "Attention",
    "error": "Error",
    "seealso": "See also",
    "admonition": "Note",
}
NAMES = "|".join(LABELS)
COLONS = re.compile(rf"^(\s*)(:{{3,}})\s*(?:\{{({NAMES})\}}|({NAMES})\b)(.*)$", re.I)
FENCE = re.compile(rf"^(\s*)(`{{3,}}|~{{3,}})\{{({NAMES})\}}(.*)$", re.I)
BANGS = re.compile(rf"^(\s*)(?:!!!|\?\?\?\+?)\s+({NAMES})\b(.*)$", re.I)
OPTION = re.compile(r"^\s*:[\w-]+:(?:\s.*)?$")


@dataclass
class Opened:
    """An admonition whose end has not been seen: what ends it, what it said."""

    marks: str
    label: str
    indent: int = 0
    lines: list[str] = field(default_factory=list)

    def ends_at(self, line: str) -> bool:
        """Whether this line closes it: at least as many marks, nothing else."""
        bare = line.strip()
        return bare.startswith(self.marks) and not bare.strip(self.marks[0])


def plain_admonitions(text: str) -> str:
    """`:::{warning}` … `:::` and its kin become `**Warning:** …`, words unchanged."""
    return "\n".join(_colons(_bangs(text.split("\n"), text)))


def _bangs(lines: list[str], text: str) -> list[str]:
    """MkDocs: `!!! note`, with a content that is indented by four."""
    fenced = lines_in(tokens_of(text), frozenset({"fence"}))
    result: list[str] = []
    opened: Opened | None = None
    for number, line in enumerate(lines):
        if opened and (not line.strip() or _indent(line) >= opened.indent):
            opened.lines.append(line[opened.indent :])
            continue
        if opened:
            result += labelled(opened)
            opened = None
        found = None if number in fenced else BANGS.match(line)
        if found:
            opened = Opened(
                "", _admonition_label(found[2], found[3]), len(found[1]) + 4
            )
        else:
            result.append(line)
    return result + (labelled(opened) if opened else [])


def _colons(lines: list[str]) -> Iterator[str]:
    """MyST and Docusaurus: fenced by colons, or by backticks with a {name}."""
    text = "\n".join(lines)
    tokens = tokens_of(text)
    fenced = lines_in(tokens, frozenset({"fence"}))
    starts = {token.map[0] for token in tokens if token.type == "fence" and token.map}
    opened: list[Opened] = []
    for number, line in enumerate(lines):
        found = FENCE.match(line) if number in starts else None
        found = found or (COLONS.match(line) if number not in fenced else None)
        if found:
            name = found[3] or found[4]
            title = found[5] if found.re is COLONS else found[4]
            opened.append(Opened(found[2], _admonition_label(name, title)))
        elif opened and opened[-1].ends_at(line):
            done = labelled(opened.pop())
            if opened:
                opened[-1].lines += done
            else:
                yield from done
        elif opened:
            opened[-1].lines.append(line)
        else:
            yield line
    for left in opened:  # never closed: its words are kept all the same
        yield from labelled(left)


def _admonition_label(name: str, title: str) -> str:
    title = title.strip("\"'[] ")
    label = LABELS[name.lower()]
    return f"**{label}: {title}**" if title else f"**{label}:**"


def labelled(admonition: Opened) -> list[str]:
    """The label goes before the first line when that is plain text."""
    lines = list(admonition.lines)
    while lines and (not lines[0].strip() or OPTION.match(lines[0])):
        lines.pop(0)
    plain_start = bool(lines) and re.match(r"[\w\"'(\[`*_{]", lines[0]) is not None
    if plain_start and not lines[0].startswith(("```", "* ", "- ")):
        return ["", f"{admonition.label} {lines[0]}", *lines[1:], ""]
    return ["", admonition.label, "", *lines, ""]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


FRONTMATTER = re.compile(r"\A---[ \t]*\n.*?^---[ \t]*(?:\n|\Z)", re.DOTALL | re.M)
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# Every repetition has a bound: a hostile megabyte must not take minutes.
CODE_SPAN = re.compile(r"(?<!`)(`{1,99})(?!`)(.{1,2000}?)(?<!`)\1(?!`)", re.DOTALL)
LEAVES = r"(?:https?://|mailto:)"
TARGET = (
    r"\(\s{0,9}<?((?:[^()\s]|\([^()\s]{0,200}\)){0,1000})>?"
    r"(?:\s{1,9}(?:\"[^\"]{0,500}\"|'[^']{0,500}'))?\s{0,9}\)"
)
ATTRIBUTES = r"(?:\{[:#.][^}\n]{0,200}\})?"
IMAGE = re.compile(r"!\[([^\]]{0,1000})\]" + TARGET + ATTRIBUTES)
LINK = re.compile(
    r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]{0,200}\]){0,1000})\]" + TARGET + ATTRIBUTES
)
ROLE = re.compile(r"\{[A-Za-z][\w:+.-]{0,60}\}(?=\x00\d+\x00)")
HEADING_LINE = re.compile(r"^#{1,6} .*$", re.M)
HEADING_ATTRIBUTES = re.compile(r"\{[:#.][^{}]*\}")
ATTRIBUTE_LINE = re.compile(r"^[ \t]*\{:[^}\n]*\}[ \t]*$", re.M)
TARGET_LINE = re.compile(r"^\([\w:.-]+\)=[ \t]*$", re.M)
BLANK_EDGE = re.compile(r"\A\n{2,}|\n{2,}\Z")
TITLED = re.compile(r"([^<>]*)<[^<>]*>", re.DOTALL)


def cleaned(text: str) -> str:
    """The source as plain Markdown; all code in it is untouched."""
    text = FRONTMATTER.sub("", plain(text).removeprefix("\ufeff"), count=1)
    return outside_code(plain_admonitions(text), _clean_prose)


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """Apply a change to each run of lines that holds no code block."""
    code = lines_in(tokens_of(text), CODE)
    result: list[str] = []
    prose: list[str] = []
    for number, line in enumerate(text.split("\n")):
        if number not in code:
            prose.append(line)
            continue
        if prose:
            result.append(change("\n".join(prose)))
            prose = []
        result.append(line)
    if prose:
        result.append(change("\n".join(prose)))
    return "\n".join(result)


def _clean_prose(text: str) -> str:
    spans: list[re.Match[str]] = []

    def hide(found: re.Match[str]) -> str:
        spans.append(found)
        return f"\0{len(spans) - 1}\0"

    hidden = CODE_SPAN.sub(hide, COMMENT.sub("", text))
    for pattern in (ATTRIBUTE_LINE, TARGET_LINE):
        hidden = pattern.sub("", hidden)
    hidden = HEADING_LINE.sub(_bare_heading, hidden)
    hidden = LINK.sub(_live_link, IMAGE.sub(_live_image, hidden))
    hidden = re.sub(
        rf"({ROLE.pattern})?\0(\d+)\0",
        lambda found: _shown(spans[int(found[2])], is_role=bool(found[1])),
        hidden,
    )
    return BLANK_EDGE.sub("\n", re.sub(r"\n{3,}", "\n\n", hidden))


def _bare_heading(found: re.Match[str]) -> str:
    """The heading without the `{#id}` that may stand at its end."""
    text = found[0].rstrip()
    place = text.rfind("{")
    if place > 0 and HEADING_ATTRIBUTES.fullmatch(text, place):
        return text[:place].rstrip()
    return text


def _live_image(found: re.Match[str]) -> str:
    return found[0] if re.match(LEAVES, found[2]) else ""


def _live_link(found: re.Match[str]) -> str:
    return found[0] if re.match(LEAVES, found[2]) else found[1]


def _shown(span: re.Match[str], is_role: bool) -> str:
    """A code span; as the argument of a role, its title or the name it points to."""
    if not is_role:
        return span[0]
    if titled := TITLED.fullmatch(span[2]):
        return titled[1].strip()
    name = span[2].removeprefix("~").removeprefix("!")
    return f"`{name}`"


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
    return _without_blank_edges("\n".join(lines[:first])), _nest(flat)


def _flat(text: str, lines: list[str]) -> Iterator[tuple[int, Section, int]]:
    """(level, section without children, its first line) for every heading."""
    tokens = tokens_of(text)
    found = [
        (int(token.tag[1]), _heading_title(tokens[place + 1].content), token.map)
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]
    ends = [lines_map[0] for _, _, lines_map in found[1:]] + [len(lines)]
    for (level, title, (start, body)), end in zip(found, ends, strict=False):
        yield (
            level,
            Section(title, _without_blank_edges("\n".join(lines[body:end]))),
            start,
        )


def _heading_title(content: str) -> str:
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


def _without_blank_edges(text: str) -> str:
    """Without blank lines around; indentation of the first line stays."""
    return re.sub(r"\A(?:[ \t]*\n)+", "", text).rstrip()
