"""A source document as a page: cleaned of its site's markup, cut into sections."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from jobs.authors.base import SourceDocument
from jobs.authors.markdown import CODE, NO_MARKDOWN, Markdown, on_one_line, plain

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
DEEPEST_ADMONITION = 20
HEADING_TOKENS = 3  # heading_open, inline, heading_close
PLAIN_START = re.compile(r"[\w\"'(\[`*_{]")
FRONTMATTER_TITLE = re.compile(r"---\n(?:.*\n)*?(?:title|name):[ \t]*(.+)\n")
FRONTMATTER = re.compile(r"\A---[ \t]*\n.*?^---[ \t]*(?:\n|\Z)", re.DOTALL | re.M)
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# Every repetition has a bound: a hostile megabyte must not take minutes.
CODE_SPAN = re.compile(r"(?<!`)(`{1,99})(?!`)(.{1,2000}?)(?<!`)\1(?!`)", re.DOTALL)
EXTERNAL = r"(?:https?://|mailto:)"
"""The start of a link that works outside the source's own site."""
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
DEFINITION = re.compile(r"^ {0,3}\[([^\]\n]+)\]:[ \t]*\S.*$", re.M)


@dataclass(frozen=True)
class Section:
    """A heading, the Markdown up to the next heading, and the sections below it."""

    title: str
    body: Markdown = NO_MARKDOWN
    children: tuple["Section", ...] = ()

    def rendered(self, depth: int) -> str:
        """The section with its children as Markdown; its heading has this depth."""
        heading = f"{'#' * min(depth, 6)} {self.title}" if self.title else ""
        parts = [heading, self.body.text]
        parts += [child.rendered(depth + 1) for child in self.children]
        return "\n\n".join(part for part in parts if part)

    @cached_property
    def whole(self) -> Markdown:
        """The Markdown of the section and all sections below it, without headings."""
        return Markdown.joined([self.body, *(child.whole for child in self.children)])

    @property
    def is_empty(self) -> bool:
        return not self.whole.text.strip()

    def titles(self) -> Iterator[str]:
        """The titles of the section and of all sections below it, in order."""
        yield self.title
        for child in self.children:
            yield from child.titles()


@dataclass(frozen=True)
class Page:
    """A source: its title or "", the lead before the first section, and the sections.

    `definitions` has a pair (case-folded label, line) for each link definition.
    """

    name: str
    title: str
    lead: Markdown
    sections: tuple[Section, ...]
    definitions: tuple[tuple[str, str], ...] = ()

    @cached_property
    def whole(self) -> Markdown:
        """The Markdown of the lead and all sections, without headings."""
        return Markdown.joined([self.lead, *(each.whole for each in self.sections)])


def read_page(source: SourceDocument) -> Page:
    """Clean the document and cut it into sections; headings in code do not count."""
    page = cleaned(source.text)
    lead, top = _outline(page)
    title = ""
    if top and not lead.text.strip():
        title, lead, top = top[0].title, top[0].body, [*top[0].children, *top[1:]]
    definitions = tuple(
        (match[1].casefold(), match[0].strip())
        for match in DEFINITION.finditer(page.text)
    )
    sections = tuple(section for section in top if not section.is_empty)
    title = title or _frontmatter_title(plain(source.text))
    return Page(source.name, title, lead, sections, definitions)


def _frontmatter_title(text: str) -> str:
    """The title or name in the YAML frontmatter, or ""."""
    match = FRONTMATTER_TITLE.match(text)
    end = text.find("\n---", 3)
    if not match or match.end() > end + 1:
        return ""
    return on_one_line(match[1].strip().strip("\"'"))


def _outline(page: Markdown) -> tuple[Markdown, list[Section]]:
    """The Markdown before the first heading, and the sections of the top level."""
    headings = page.headings()
    boundaries = [(each.line, each.token) for each in headings]
    boundaries.append((page.text.count("\n") + 1, len(page.tokens)))
    first_line, first_token = boundaries[0]
    lead = page.cut(0, first_line, page.tokens[:first_token])
    flat = []
    # A section ends where the next heading begins, or with the page.
    for heading, (end_line, end_token) in zip(headings, boundaries[1:], strict=True):
        tokens = page.tokens[heading.token + HEADING_TOKENS : end_token]
        body = page.cut(heading.body_line, end_line, tokens)
        flat.append((heading.level, Section(_heading_title(heading.text), body)))
    return lead, _nested(flat)


def _heading_title(content: str) -> str:
    """The title on one line, without leading dots."""
    line = on_one_line(content)
    return line.lstrip(".\u2026 ") or line


def _nested(flat: list[tuple[int, Section]]) -> list[Section]:
    """The sections of the top level; deeper ones that follow become children."""
    result: list[Section] = []
    number = 0
    while number < len(flat):
        level, section = flat[number]
        end = number + 1
        while end < len(flat) and flat[end][0] > level:
            end += 1
        below = tuple(_nested(flat[number + 1 : end]))
        result.append(replace(section, children=below))
        number = end
    return result


def cleaned(text: str) -> Markdown:
    """The source as plain Markdown; all code in it is untouched.

    Words stay as they are. What changes is markup that only the source's own site
    understands: frontmatter, admonitions, roles, attribute lists, and images and
    links that lead nowhere outside that site.
    """
    text = FRONTMATTER.sub("", plain(text).removeprefix("\ufeff"), count=1)
    return outside_code(plain_admonitions(Markdown(text)), _clean_prose)


def outside_code(page: Markdown, change: Callable[[str], str]) -> Markdown:
    """Apply a change to each run of lines between code blocks."""
    code = page.lines_in(CODE)
    result: list[str] = []
    prose: list[str] = []
    for number, line in enumerate(page.text.split("\n")):
        if number not in code:
            prose.append(line)
            continue
        if prose:
            result.append(change("\n".join(prose)))
            prose = []
        result.append(line)
    if prose:
        result.append(change("\n".join(prose)))
    return _changed(page, result)


def _changed(page: Markdown, lines: Iterable[str]) -> Markdown:
    """A page with these lines; the same page, already parsed, if nothing changed."""
    text = "\n".join(lines)
    return page if text == page.text else Markdown(text)


def _clean_prose(text: str) -> str:
    """Clean the text outside of code spans, which are replaced by numbers meanwhile."""
    spans: list[re.Match[str]] = []

    def hide(match: re.Match[str]) -> str:
        spans.append(match)
        return f"\0{len(spans) - 1}\0"

    hidden = CODE_SPAN.sub(hide, COMMENT.sub("", text))
    for pattern in (ATTRIBUTE_LINE, TARGET_LINE):
        hidden = pattern.sub("", hidden)
    hidden = HEADING_LINE.sub(_bare_heading, hidden)
    hidden = LINK.sub(_external_link, IMAGE.sub(_external_image, hidden))
    hidden = re.sub(
        rf"({ROLE.pattern})?\0(\d+)\0",
        lambda match: _code_span(spans[int(match[2])], is_role=bool(match[1])),
        hidden,
    )
    return BLANK_EDGE.sub("\n", re.sub(r"\n{3,}", "\n\n", hidden))


def _bare_heading(match: re.Match[str]) -> str:
    """The heading without the `{#id}` that may stand at its end."""
    text = match[0].rstrip()
    start = text.rfind("{")
    if start > 0 and HEADING_ATTRIBUTES.fullmatch(text, start):
        return text[:start].rstrip()
    return text


def _external_image(match: re.Match[str]) -> str:
    """The image, or nothing if it is not external."""
    return match[0] if re.match(EXTERNAL, match[2]) else ""


def _external_link(match: re.Match[str]) -> str:
    """The link, or only its text if it is not external."""
    return match[0] if re.match(EXTERNAL, match[2]) else match[1]


def _code_span(span: re.Match[str], is_role: bool) -> str:
    """A code span as it is; for the argument of a role, the title or target name."""
    if not is_role:
        return span[0]
    if titled := TITLED.fullmatch(span[2]):
        return titled[1].strip()
    name = span[2].removeprefix("~").removeprefix("!")
    return f"`{name}`"


def plain_admonitions(page: Markdown) -> Markdown:
    """Rewrite admonitions: `:::{warning}` … `:::` becomes `**Warning:** …`."""
    return _without_colons(_without_bangs(page))


@dataclass
class OpenAdmonition:
    """An admonition that has not ended yet: its closing marks, and its lines so far."""

    marks: str
    label: str
    indent: int = 0
    lines: list[str] = field(default_factory=list)

    def ends_at(self, line: str) -> bool:
        """Whether this line has at least as many closing marks, and nothing else."""
        content = line.strip()
        return content.startswith(self.marks) and not content.strip(self.marks[0])

    def labelled(self) -> list[str]:
        """The lines with the label, in the first line if that is plain text."""
        first = next(
            (
                number
                for number, line in enumerate(self.lines)
                if line.strip() and not OPTION.match(line)
            ),
            len(self.lines),
        )
        lines = self.lines[first:]
        plain_start = bool(lines) and PLAIN_START.match(lines[0]) is not None
        if plain_start and not lines[0].startswith(("```", "* ", "- ")):
            return ["", f"{self.label} {lines[0]}", *lines[1:], ""]
        return ["", self.label, "", *lines, ""]


def _without_bangs(page: Markdown) -> Markdown:
    """Rewrite those of MkDocs: `!!! note`, with content indented by four."""
    lines = page.text.split("\n")
    if not any(map(BANGS.match, lines)):
        return page
    code = page.lines_in(frozenset({"fence"}))
    result: list[str] = []
    opened: OpenAdmonition | None = None
    for number, line in enumerate(lines):
        if opened and (not line.strip() or _indent(line) >= opened.indent):
            opened.lines.append(line[opened.indent :])
            continue
        if opened:
            result += opened.labelled()
            opened = None
        match = None if number in code else BANGS.match(line)
        if match:
            label = _admonition_label(match[2], match[3])
            opened = OpenAdmonition("", label, len(match[1]) + 4)
        else:
            result.append(line)
    return _changed(page, result + (opened.labelled() if opened else []))


def _without_colons(page: Markdown) -> Markdown:
    """Rewrite those of MyST and Docusaurus, in colons or in backticks with {name}."""
    lines = page.text.split("\n")
    if not any(COLONS.match(line) or FENCE.match(line) for line in lines):
        return page
    code = page.lines_in(frozenset({"fence"}))
    starts = {each.map[0] for each in page.tokens if each.type == "fence" and each.map}
    result: list[str] = []
    opened: list[OpenAdmonition] = []
    for number, line in enumerate(lines):
        match = FENCE.match(line) if number in starts else None
        match = match or (COLONS.match(line) if number not in code else None)
        if match and len(opened) < DEEPEST_ADMONITION:
            opened.append(_open_admonition(match))
        elif opened and opened[-1].ends_at(line):
            closed = opened.pop().labelled()
            (opened[-1].lines if opened else result).extend(closed)
        else:
            (opened[-1].lines if opened else result).append(line)
    for unclosed in opened:  # no words are lost
        result += unclosed.labelled()
    return _changed(page, result)


def _open_admonition(match: re.Match[str]) -> OpenAdmonition:
    """The admonition that a match of COLONS or FENCE begins."""
    name = match[3] or match[4]
    title = match[5] if match.re is COLONS else match[4]
    return OpenAdmonition(match[2], _admonition_label(name, title))


def _admonition_label(name: str, title: str) -> str:
    title = title.strip("\"'[] ")
    label = LABELS[name.lower()]
    return f"**{label}: {title}**" if title else f"**{label}:**"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
