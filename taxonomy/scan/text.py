"""A file's text in the forms in which the scan's rules search it."""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from urllib.parse import unquote

from taxonomy.scan.rules.pattern import ScanRule
from taxonomy.scan.rules.secrets import SECRETS
from taxonomy.skillmd.findings import Rule
from taxonomy.skillmd.markdown import FENCE, fenced_lines

LINES_BEFORE, LINES_AFTER = 2, 7
"""A rule's pattern searches so many lines around each line with one of its words."""
BREAK = re.compile("\r\n?|\n")

Starts = tuple[int, ...]
"""The offset at which each line of a text begins."""


@dataclass(frozen=True)
class SearchText:
    """One form of a file's text, prepared for search.

    Its line may be several lines of the file, where those were joined.
    """

    text: str
    file_line_starts: Starts
    """The offset in `text` at which each line of the file begins."""
    line_starts: Starts
    """The offset in `text` at which each line of `text` begins."""
    lower_text: str
    """The lines of `text` in lower case, single-spaced, for looking up words."""
    lower_line_starts: Starts
    """The offset in `lower_text` at which each line begins."""
    words: dict[str, list[int]] = field(default_factory=dict)
    """A cache: the lines of each word that was looked up."""

    @classmethod
    def of(cls, text: str, file_line_starts: Starts | None = None) -> "SearchText":
        """Prepare the text for search.

        `file_line_starts` is needed if its lines are not those of the file.
        """
        line_starts = starts_of(text)
        lines = [
            " ".join(text[start:end].lower().split())
            for start, end in pairwise((*line_starts, len(text)))
        ]
        return cls(
            text,
            file_line_starts=file_line_starts or line_starts,
            line_starts=line_starts,
            lower_text="\n".join(lines),
            lower_line_starts=(0, *accumulate(len(line) + 1 for line in lines[:-1])),
        )

    def matches(self, rule: ScanRule) -> Iterator[re.Match[str]]:
        for start, end in self._windows(rule):
            yield from rule.pattern.finditer(self.text, start, end)

    def lines_of(self, match: re.Match[str]) -> tuple[int, int]:
        """The lines of the file on which the match begins and ends."""
        first = bisect_right(self.file_line_starts, match.start())
        return first, max(first, bisect_right(self.file_line_starts, match.end() - 1))

    def _windows(self, rule: ScanRule) -> list[tuple[int, int]]:
        """(start, end) of the parts to search: whole lines, overlaps merged.

        They surround each line that holds a word of the rule or matches its hint.
        """
        centers = {line for word in rule.words for line in self._lines_with(word)}
        if rule.hint:
            offsets = (match.start() for match in rule.hint.finditer(self.text))
            centers |= {bisect_right(self.line_starts, offset) for offset in offsets}
        windows: list[tuple[int, int]] = []
        for line in sorted(centers):
            start = self.line_starts[max(0, line - 1 - LINES_BEFORE)]
            end = end_of(self.text, self.line_starts, line + LINES_AFTER)
            if windows and start <= windows[-1][1]:
                windows[-1] = (windows[-1][0], end)
            else:
                windows.append((start, end))
        return windows

    def _lines_with(self, word: str) -> list[int]:
        """The numbers of the lines that hold the word, counted from 1."""
        if word not in self.words:
            self.words[word] = list(self._look_up(word))
        return self.words[word]

    def _look_up(self, word: str) -> Iterator[int]:
        at = self.lower_text.find(word)
        while at >= 0:
            line = bisect_right(self.lower_line_starts, at)
            yield line
            at = self.lower_text.find(
                word, end_of(self.lower_text, self.lower_line_starts, line)
            )


def starts_of(text: str) -> Starts:
    return (0, *(match.end() for match in BREAK.finditer(text)))


def end_of(text: str, starts: Starts, line: int) -> int:
    """The offset at which the line, counted from 1, ends.

    For lines behind the last one it is the end of the text.
    """
    return starts[line] if line < len(starts) else len(text)


LATIN = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u0501\u04bb"
    "\u0410\u0412\u0415\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425"
    "\u03bf\u0391\u0392\u0395\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u0585\u057d",
    "aeopcyxisjdhABEIJKMHOPCTXoABEIKMNOPTou",
)
"""Homoglyphs: Cyrillic, Greek and Armenian letters that look like Latin ones."""
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e01ef]"
)
BLANK = re.compile("[\u2800\ufffd\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
MARKS = re.compile(
    r"^[ \t]{0,40}(?:>[ \t]{0,9}){1,9}|[*`~]|<!--[^>]{0,99}-->|</?[a-z][^<>]{0,99}>"
    r"|(?<![^\W_])_|_(?![^\W_])",
    re.IGNORECASE,
)
JOINED_WORDS = re.compile(r"(?<![^\W_])(?:[A-Za-z]{1,40}_){3,9}[A-Za-z]{1,40}")
MARKED = re.compile(r"[^\x00-\x7f]|[&%*`~_<>]")


def plain(text: str, starts: Starts) -> str:
    """The text as an agent may understand it, line by line.

    It has no markup, escapes, invisible characters or homoglyphs.
    """
    return "\n".join(_plain_line(line) for line in _lines(text, starts))


def fenced(text: str, starts: Starts) -> str:
    """The code blocks of a Markdown text, with an empty line for each other line."""
    return "\n".join(
        line.text if line.fence is not None and not line.is_mark else ""
        for line in fenced_lines(_lines(text, starts))
    )


def _lines(text: str, starts: Starts) -> list[str]:
    return [text[a:b].rstrip("\r\n") for a, b in pairwise((*starts, len(text)))]


def _plain_line(line: str) -> str:
    if not MARKED.search(line):
        return line
    line = unquote(html.unescape(line), errors="replace")
    if not line.isascii():
        line = INVISIBLE.sub("", line).translate(LATIN)
        line = unicodedata.normalize("NFKC", line)
    line = JOINED_WORDS.sub(lambda words: words[0].replace("_", " "), line)
    return BLANK.sub(" ", MARKS.sub("", line))


MASK = "\u2026"
# These secrets are redacted from snippets; they are no findings of their own.
CREDENTIALS = re.compile(
    r"""://[^\s:/@]{1,80}:(?P<url>[^\s/@]{3,200})@
    |://(?P<user>[^\s:/@]{20,200})@
    |\b(?:Bearer|Basic)\s{1,9}(?P<auth>[A-Za-z0-9+/=._~-]{16,400})
    |\bAuthorization:\s{0,9}\w{1,20}\s{1,9}(?P<header>[^\s"']{6,400})
    |(?:password|passwd|secret|token|api[_-]?key|private_key)["']?\s{0,9}[=:]\s{0,9}
    (?:["'`](?P<quoted>[^"'`\n$<{]{6,200})["'`]
    |(?![\w.]{0,80}\()(?=[^\s"'`]{0,80}\d)(?P<plain>[^\s"'`$<{(,;&|)]{6,200}))
    |\bpassword\s{1,9}["'`](?P<told>[^\s"'`$<{]{6,200})["'`]
    |(?-i:\b[A-Z_]{0,40}(?:PASSWORD|PASSWD|SECRET|TOKEN|KEY)[A-Z_]{0,20}=)
    (?P<environment>[^\s"'`$<{(;&|]{3,200})
    |--(?:password|passwd|token|secret|api-?key)[=\s]\s{0,9}["']?
    (?P<flag>[^\s"'$<{]{3,200})
    |\bcurl\s[^\n|]{0,200}?(?:-u|--user)[=\s]\s{0,9}["']?[^\s:"']{0,80}:
    (?P<login>[^\s"'$]{3,200})
    |\bsshpass\s{1,9}-p\s{0,9}["']?(?P<ssh>[^\s"'$]{3,200})
    |\bmysql\w{0,10}\s[^\n|]{0,200}?\s-p(?P<mysql>[^\s"'$]{3,200})
    |[?&](?:api_?key|key|token|secret|password|sig(?:nature)?)=
    (?P<query>[^\s&"'$<{]{3,200})
    |(?-i:(?<![\w./:-])(?=[A-Za-z+/]{0,23}\d)(?=[A-Z0-9+/]{0,23}[a-z])
    (?=[a-z0-9+/]{0,23}[A-Z])(?P<random>[A-Za-z0-9+/]{24,4000}={0,2}))""",
    re.IGNORECASE | re.VERBOSE,
)
PATTERNS = (
    *(rule.pattern for rule in SECRETS if "secret" in rule.pattern.groupindex),
    CREDENTIALS,
)


class Spans:
    """(start, end) of parts of a text, sorted; parts that touch are merged."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        for start, end in sorted(spans):
            if self.ends and start <= self.ends[-1]:
                self.ends[-1] = max(end, self.ends[-1])
            else:
                self.starts.append(start)
                self.ends.append(end)

    def between(self, start: int, end: int) -> Iterable[tuple[int, int]]:
        """The overlap of each part with the text from `start` to `end`."""
        number = bisect_right(self.ends, start)
        while number < len(self.starts) and self.starts[number] < end:
            yield max(start, self.starts[number]), min(end, self.ends[number])
            number += 1


def without_secrets(text: str, secrets: Spans, start: int, end: int) -> str:
    """The text from `start` to `end`, each secret replaced by MASK."""
    redacted, at = "", start
    for since, until in secrets.between(start, end):
        redacted += text[at:since] + MASK
        at = until
    return redacted + text[at:end]


def secret_span(match: re.Match[str]) -> tuple[int, int] | None:
    """(start, end) of the secret in the match; None if it has none."""
    group = "secret" if "secret" in match.re.groupindex else match.lastgroup
    return match.span(group) if group and match[group] else None


def masked(text: str) -> str:
    """The text, each secret that the patterns recognise in it replaced by MASK."""
    for pattern in PATTERNS:
        secrets = Spans(filter(None, map(secret_span, pattern.finditer(text))))
        text = without_secrets(text, secrets, 0, len(text))
    return text


RULES = (
    Rule("scan.windows", parameters=(LINES_BEFORE, LINES_AFTER)),
    Rule(
        "scan.plain-copy",
        parameters=(LATIN, INVISIBLE, BLANK, MARKS, JOINED_WORDS, MARKED),
    ),
    Rule("scan.code-copy", parameters=(FENCE,)),
    Rule("scan.redaction", parameters=(CREDENTIALS,)),
)
"""The parts that all rules for text share, as entries for the rule set."""
