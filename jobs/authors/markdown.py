"""Markdown that is parsed once: its sentences, list items, code and tables."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark").enable("table").disable("inline")
QUOTE_ENDS = ["paragraph", "reference", "blockquote", "list"]
"""The blocks that a quotation ends, as in markdown-it's own list of rules."""

FIRST_LOOK = 4
"""Lines after a quotation's own lines that are first searched for its end."""

CODE = frozenset({"fence", "code_block"})
LINE_BREAK = re.compile(r"\r\n?")
LONGEST_ABBREVIATION = 12
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
FENCE_LENGTH = 3


def quotation(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """markdown-it's rule for quotations, in linear time.

    Its rule takes all lines up to the next blank one for lines of the quotation, and
    gives back those behind the real end. Here it gets a few lines; only if the
    quotation reaches the last of them, it is read again with twice as many. `env` has
    their number by the first line, for quotations in a quotation that is read again.
    """
    if silent:
        return blockquote(state, start, end, silent)
    key = f"quotation in line {start}"
    length = state.env.get(key) or _marked_lines(state, start, end) + FIRST_LOOK
    before = len(state.tokens), state.line, state.tight, state.lineMax
    while True:
        limit = min(end, start + length)
        state.env[key] = length
        state.lineMax = limit if limit < end else before[3]
        is_quotation = blockquote(state, start, limit, silent)
        state.lineMax = before[3]
        if not is_quotation or state.line < limit:
            return is_quotation
        if limit == end:
            state.env[key] = len(state.bMarks)  # it goes on: next time, up to `end`
            return is_quotation
        del state.tokens[before[0] :]
        _, state.line, state.tight, _ = before
        length *= 2


def _marked_lines(state: StateBlock, start: int, end: int) -> int:
    """The number of lines from here on that begin with `>`."""
    line = start
    while line < end and state.src.startswith(
        ">", state.bMarks[line] + state.tShift[line]
    ):
        line += 1
    return line - start


PARSER.block.ruler.at("blockquote", quotation, {"alt": QUOTE_ENDS})


class Heading(NamedTuple):
    """A heading with its raw text.

    `line` is its first line, `body_line` the line below it, `token` its first token;
    all count from 0.
    """

    level: int
    text: str
    line: int
    body_line: int
    token: int


@dataclass(frozen=True)
class Markdown:
    """A piece of Markdown, which is parsed when it is first needed.

    All texts that its methods return are verbatim, each on one line unless it is code.
    """

    text: str

    @cached_property
    def tokens(self) -> list[Token]:
        """Block tokens; the content of an inline token is its raw text."""
        return PARSER.parse(self.text)

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @classmethod
    def with_tokens(cls, text: str, tokens: list[Token]) -> "Markdown":
        """A piece that is not parsed, because its tokens exist already."""
        piece = cls(text)
        piece.__dict__["tokens"] = tokens  # the value of the cached_property
        return piece

    @classmethod
    def joined(cls, pieces: Iterable["Markdown"]) -> "Markdown":
        """Several pieces as one. The line numbers of its tokens are not valid."""
        parts = [piece for piece in pieces if piece.text]
        text = "\n\n".join(part.text for part in parts)
        tokens = [token for part in parts for token in part.tokens]
        return cls.with_tokens(text, tokens)

    def cut(self, first: int, end: int, tokens: Iterable[Token]) -> "Markdown":
        """The lines from `first` to before `end`, without blank lines around them.

        `tokens` are the tokens of these lines; the piece is not parsed again.
        """
        while first < min(end, len(self.lines)) and not self.lines[first].strip(" \t"):
            first += 1
        shifted = [
            token.copy(map=[token.map[0] - first, token.map[1] - first])
            if token.map
            else token
            for token in tokens
        ]
        text = "\n".join(self.lines[first:end]).rstrip()
        return Markdown.with_tokens(text, shifted)

    def lines_in(self, kinds: frozenset[str]) -> frozenset[int]:
        """The numbers of the lines that tokens of these kinds cover, from 0."""
        covered: set[int] = set()
        for token in self.tokens:
            if token.type in kinds and token.map:
                covered.update(range(*token.map))
        return frozenset(covered)

    def headings(self) -> list[Heading]:
        """The headings, without those in lists and quotations."""
        return [
            Heading(
                level=int(each.tag[1]),
                text=self.tokens[number + 1].content,
                line=each.map[0],
                body_line=each.map[1],
                token=number,
            )
            for number, each in enumerate(self.tokens)
            if each.type == "heading_open" and each.level == 0 and each.map
        ]

    def paragraphs(self) -> Iterator[str]:
        """Every paragraph outside lists, tables, definition lists and code."""
        for token in self._inlines(in_lists=False):
            starts_marked = token.content.startswith(("|", "**", "__"))
            is_definition = starts_marked and "\n:" in token.content
            if not is_definition:
                yield on_one_line(token.content)

    def sentences(self) -> list[str]:
        """The sentences of paragraphs and list items."""
        return [
            sentence
            for token in self._inlines(in_lists=True)
            if "\n:" not in token.content
            for sentence in split_sentences(on_one_line(token.content))
        ]

    def items(self) -> list[str]:
        """The first paragraph of every list item."""
        tokens = self.tokens
        return [
            on_one_line(tokens[number + 2].content)
            for number, token in enumerate(tokens[:-2])
            if token.type == "list_item_open" and tokens[number + 2].type == "inline"
        ]

    def code_blocks(self) -> list[str]:
        """The content of fenced and indented code, in order."""
        blocks = (token for token in self.tokens if token.type in CODE)
        return [token.content for token in blocks if token.content.strip()]

    def languages(self) -> frozenset[str]:
        """The languages of fenced code, from the word behind the fence."""
        infos = (token.info.split() for token in self.tokens if token.type == "fence")
        return frozenset(words[0].lower() for words in infos if words)

    def admonitions(self, strong: bool = False) -> list[str]:
        """Paragraphs that begin with Note:, Warning: and so on.

        If `strong`, only those with a word in STRONG_WORDS: warnings, but no notes.
        """
        result = []
        for token in self._inlines(in_lists=True):
            line = on_one_line(token.content)
            mark = ADMONITION.match(line) or ALERT.match(line)
            if mark and (not strong or mark[1].lower() in STRONG_WORDS):
                result.append(line)
        return result

    def has_table(self) -> bool:
        return any(token.type == "table_open" for token in self.tokens)

    def has_definitions(self) -> bool:
        """Whether it has a list of terms, like `**-f**` with `:   …` below it."""
        return self.text.count("\n:   ") >= 3

    def introduction(self) -> tuple["Markdown", "Markdown"]:
        """The piece in two: up to the first code or table, and from there on.

        A paragraph that ends in a colon belongs to what follows it.
        """
        tokens = self.tokens
        lead_in: int | None = None
        for number, token in enumerate(tokens):
            if token.level == 0 and token.map and token.nesting >= 0:
                block = _block(tokens, number)
                if any(each.type in (*CODE, "table_open") for each in block):
                    return self._split_at(number if lead_in is None else lead_in)
                is_paragraph = token.type == "paragraph_open"
                is_lead_in = is_paragraph and block[1].content.endswith(":")
                lead_in = number if is_lead_in else None
        return self, NO_MARKDOWN

    def block_with(self, text: str) -> str:
        """The code block, with its fence, or the paragraph that contains this text."""
        line = on_one_line(text)
        for token in self.tokens:
            if token.map and line in on_one_line(token.content):
                if token.type in CODE:
                    return fenced(token.content, token.info.split(" ")[0])
                if token.type == "inline":
                    return token.content
        return ""

    def _split_at(self, number: int) -> tuple["Markdown", "Markdown"]:
        """The piece in two, before the block that begins with this token."""
        tokens = self.tokens
        start, end = tokens[number].map or (0, 0), self.text.count("\n") + 1
        return (
            self.cut(0, start[0], tokens[:number]),
            self.cut(start[0], end, tokens[number:]),
        )

    def _inlines(self, in_lists: bool) -> Iterator[Token]:
        """Inline tokens of paragraphs, but not of headings and table cells."""
        before: Token | None = None
        depth = 0
        for token in self.tokens:
            if token.type in ("bullet_list_open", "ordered_list_open"):
                depth += 1
            elif token.type in ("bullet_list_close", "ordered_list_close"):
                depth -= 1
            is_paragraph = before is not None and before.type == "paragraph_open"
            if token.type == "inline" and is_paragraph and (in_lists or not depth):
                yield token
            before = token


NO_MARKDOWN = Markdown("")


def _block(tokens: list[Token], number: int) -> list[Token]:
    """The tokens of the top-level block that begins here, with the closing one."""
    end = number
    if tokens[number].nesting == 1:
        while not (tokens[end].nesting == -1 and tokens[end].level == 0):
            end += 1
    return tokens[number : end + 1]


def plain(text: str) -> str:
    """The text as the parser sees it: with `\\n` only, without NUL and surrogates."""
    text = LINE_BREAK.sub("\n", text).replace("\0", "\ufffd")
    return text.encode("utf-8", "replace").decode()


def on_one_line(text: str) -> str:
    return " ".join(text.split())


def split_sentences(line: str) -> list[str]:
    result: list[str] = []
    start = 0
    for end in SENTENCE_END.finditer(line):
        stop = end.start() + len(end[0].rstrip())
        nearby = max(start, stop - LONGEST_ABBREVIATION)
        if not ABBREVIATION.search(line, nearby, stop):
            result.append(line[start:stop].strip())
            start = end.end()
    return [*result, line[start:].strip()] if line[start:].strip() else result


def command_lines(code: str) -> list[str]:
    """The lines of code that are neither empty nor a comment."""
    lines = (line.strip() for line in code.splitlines())
    return [line for line in lines if line and not line.startswith(("#", "//"))]


def fenced(code: str, language: str = "") -> str:
    """The code as a fenced block; its fence is longer than any run of ticks in it."""
    longest = max(map(len, re.findall("`+", code)), default=0)
    ticks = "`" * max(FENCE_LENGTH, longest + 1)
    return f"{ticks}{language}\n{code.rstrip()}\n{ticks}"
