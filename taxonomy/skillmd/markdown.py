"""A minimal Markdown reader, which tells prose from code and finds links.

All code that reads other people's Markdown recognises code blocks by this module. It
reads line by line, in linear time; markdown-it-py gives the same result for well-formed
texts, but needs quadratic time for hostile ones (docs/why/dependencies.md).
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

FENCE = re.compile(r"[\s>]*(?:(?:[-*+]|\d{1,9}[.)])\s+)?(`{3,}|~{3,})(.*)")
INLINE_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
LINK_TARGET = re.compile(r"\]\(\s*<?([^()<>\s]{1,300})")


class Line(NamedTuple):
    """A line of a text. `fence` is the number of the line that opens its code block."""

    number: int
    text: str
    fence: int | None
    is_mark: bool = False
    """Whether it opens or closes the code block."""


def lines(body: str, first: int = 1) -> Iterator[Line]:
    """The lines of a text, numbered from `first`."""
    return fenced_lines(body.split("\n"), first)


def fenced_lines(texts: Iterable[str], first: int = 1) -> Iterator[Line]:
    """As `lines`, of a text that has been split into lines already."""
    mark, opened = "", None
    for number, text in enumerate(texts, first):
        fence = FENCE.match(text)
        if fence and not mark and not (fence[1][0] == "`" and "`" in fence[2]):
            mark, opened = fence[1], number
            yield Line(number, text, opened, is_mark=True)
        elif fence and mark and fence[1].startswith(mark) and not fence[2].strip():
            yield Line(number, text, opened, is_mark=True)
            mark, opened = "", None
        else:
            yield Line(number, text, opened)


def prose(body: str, first: int = 1) -> Iterator[tuple[int, str]]:
    """(number, text) of the lines outside code, inline code blanked out."""
    for line in lines(body, first):
        if line.fence is None:
            yield line.number, INLINE_CODE.sub("``", line.text[:5000])


def relative_links(body: str, first: int = 1) -> Iterator[tuple[int, str]]:
    """(line, path) of every link to a file of the skill; fragments are dropped."""
    for number, text in prose(body, first):
        for link in LINK_TARGET.finditer(text):
            if path := _relative_path(link[1]):
                yield number, path


def _relative_path(target: str) -> str:
    """The path, normalized; empty for a URL, an anchor or an absolute path."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return ""
    if parts.scheme or parts.netloc or parts.path.startswith("/"):
        return ""
    return _normalized(unquote(parts.path))


def _normalized(path: str) -> str:
    """`./a/../b` → `b`; a path that leaves the skill keeps its `..`."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
