"""Markdown tokens with the source lines that they came from."""

import re
from collections.abc import Iterable

from markdown_it import MarkdownIt
from markdown_it.token import Token

CODE = frozenset({"fence", "code_block"})
LINE_BREAK = re.compile(r"\r\n?")


def plain(text: str) -> str:
    """The text as the parser sees it: `\\n` only, no NUL, nothing that UTF-8 lacks."""
    text = LINE_BREAK.sub("\n", text).replace("\0", "\ufffd")
    return text.encode("utf-8", "replace").decode()


def tokens_of(text: str) -> list[Token]:
    """Block tokens; the content of an inline token is its raw text."""
    return MarkdownIt("commonmark").enable("table").disable("inline").parse(text)


def lines_in(tokens: Iterable[Token], kinds: frozenset[str]) -> frozenset[int]:
    """Numbers of the lines that tokens of these kinds cover, from 0."""
    covered: set[int] = set()
    for token in tokens:
        if token.type in kinds and token.map:
            covered.update(range(*token.map))
    return frozenset(covered)
