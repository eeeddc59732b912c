"""Markup that only the source's own site understands, made plain Markdown.

Words stay as they are, and so does code; what changes is markup around them: roles,
directives, attribute lists, images and links that lead nowhere outside that site.
"""

import re
from collections.abc import Callable

from jobs.authors.markdown.directives import plain_admonitions
from jobs.authors.markdown.tokens import CODE, lines_in, plain, tokens_of

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
HEADING = re.compile(r"^#{1,6} .*$", re.M)
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
    hidden = HEADING.sub(_bare_heading, hidden)
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
