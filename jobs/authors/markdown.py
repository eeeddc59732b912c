"""Reads Markdown: its sentences, list items, code and admonitions, each verbatim."""

import re
from collections.abc import Iterable, Iterator

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


# A full stop behind one of these does not end a sentence.
ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|incl|resp)|\b[A-Z])\.$")
SENTENCE_END = re.compile(r"(?<=[.!?])[\"')*_]{0,3} +(?=[\"'(*_`\[]{0,3}[A-Z0-9`])")
ADMONITION = re.compile(
    r"(?:\*\*|__)?(note|important|warning|caution|danger|attention|beware)\b"
    r"[^:\n]{0,60}:",
    re.I,
)
ALERT = re.compile(r"\[!(note|important|warning|caution)\]", re.I)
STRONG_WORDS = ("important", "warning", "caution", "danger", "attention", "beware")


def paragraphs(text: str) -> Iterator[str]:
    """Every paragraph outside lists, tables and code, on one line."""
    for token in _inlines(text, in_lists=False):
        if (
            not token.content.startswith(("|", "**", "__"))
            or "\n:" not in token.content
        ):
            yield " ".join(token.content.split())


def introduction(text: str) -> tuple[str, str]:
    """(what is told at the beginning, everything from the first code or table on).

    A paragraph that ends in a colon belongs to what follows it.
    """
    lines = text.split("\n")
    tokens = tokens_of(text)
    before: int | None = None
    for place, token in enumerate(tokens):
        if token.level == 0 and token.map and token.nesting >= 0:
            inside = _inside(tokens, place)
            if any(each.type in (*CODE, "table_open") for each in inside):
                start = token.map[0] if before is None else before
                return "\n".join(lines[:start]).rstrip(), "\n".join(lines[start:])
            leads_on = token.type == "paragraph_open" and inside[1].content[-1:] == ":"
            before = token.map[0] if leads_on else None
    return text, ""


def _inside(tokens: list[Token], place: int) -> list[Token]:
    """The token and all up to the one that closes it."""
    end = place
    while tokens[place].nesting and tokens[end].nesting + tokens[end].level != -1:
        end += 1
    return tokens[place : end + 1]


def items(text: str) -> list[str]:
    """The first paragraph of every list item, on one line."""
    tokens = tokens_of(text)
    return [
        " ".join(tokens[place + 2].content.split())
        for place, token in enumerate(tokens[:-2])
        if token.type == "list_item_open" and tokens[place + 2].type == "inline"
    ]


def code_blocks(text: str) -> list[str]:
    """The content of fenced and indented code, in order."""
    return [
        token.content
        for token in tokens_of(text)
        if token.type in CODE and token.content.strip()
    ]


def languages(text: str) -> frozenset[str]:
    """What its fenced code is written in, by the word behind the fence."""
    words = (token.info.split() for token in tokens_of(text) if token.type == "fence")
    return frozenset(word[0].lower() for word in words if word)


def command_lines(code: str) -> list[str]:
    """Its lines that are neither empty nor a comment."""
    lines = (line.strip() for line in code.splitlines())
    return [line for line in lines if line and not line.startswith(("#", "//"))]


def longest_ticks(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def has_table(text: str) -> bool:
    return any(token.type == "table_open" for token in tokens_of(text))


def has_definitions(text: str) -> bool:
    """Whether it is a list of terms, as in `**-f**` and below it `:   …`."""
    return text.count("\n:   ") >= 3


def sentences(text: str) -> list[str]:
    """Whole sentences of paragraphs and list items, each on one line."""
    found: list[str] = []
    for token in _inlines(text, in_lists=True):
        if "\n:" not in token.content:
            found += split_sentences(" ".join(token.content.split()))
    return found


def split_sentences(line: str) -> list[str]:
    result: list[str] = []
    start = 0
    for found in SENTENCE_END.finditer(line):
        sentence = line[start : found.end()].strip()
        if not ABBREVIATION.search(sentence):
            result.append(sentence)
            start = found.end()
    return [*result, line[start:].strip()] if line[start:].strip() else result


def admonitions(text: str, strong: bool = False) -> list[str]:
    """Paragraphs that begin with Note:, Warning: and the like; `strong`: no notes."""
    found = []
    for token in _inlines(text, in_lists=True):
        line = " ".join(token.content.split())
        mark = ADMONITION.match(line) or ALERT.match(line)
        if mark and (not strong or mark[1].lower() in STRONG_WORDS):
            found.append(line)
    return found


def _inlines(text: str, in_lists: bool) -> Iterator[Token]:
    """Inline tokens of paragraphs; headings and table cells are not among them."""
    before: Token | None = None
    depth = 0
    for token in tokens_of(text):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            depth += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            depth -= 1
        is_paragraph = before is not None and before.type == "paragraph_open"
        if token.type == "inline" and is_paragraph and (in_lists or not depth):
            yield token
        before = token
