"""One file's text as the rules of the scan look at it."""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate, chain, pairwise

from taxonomy.packaging.files import File
from taxonomy.skillmd.findings import Finding, Severity
from taxonomy.skillmd.scan_pattern import ScanRule
from taxonomy.skillmd.scan_rules import RULES

SNIPPET_CHARS = 160
PER_RULE_AND_FILE = 5
LINES_BEFORE, LINES_AFTER = 2, 7
"""How far around one of its words a rule looks."""
MASK = "\u2026"
BREAK = re.compile("\r\n?|\n")
CONTINUED = re.compile(r"\\\r?\n")
# Secrets that are no finding of their own, and still not shown.
CREDENTIALS = re.compile(
    r"://[^\s:/@]{1,80}:(?P<url>[^\s:/@]{3,200})@"
    r"|\b(?:Bearer|Basic)\s{1,9}(?P<auth>[A-Za-z0-9+/=._~-]{16,400})"
    r"|(?:password|passwd|secret|token|api_?key)[\"']?\s{0,9}[=:]\s{0,9}[\"']"
    r"(?P<value>[^\"'\n$<{]{6,200})[\"']",
    re.IGNORECASE,
)


def fingerprint_of(*parts: str) -> str:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:32]


def gathered(found: list[Finding], most: int) -> Iterator[Finding]:
    """The first ones; the last of these stands for those that are left out, too."""
    yield from found[: most - 1] if len(found) > most else found
    if len(found) > most:
        rest = found[most - 1 :]
        worst = min(
            rest,
            key=lambda finding: list(Severity).index(finding.severity),
        )
        yield replace(
            worst,
            message=f"{worst.message} (and {len(rest) - 1} more findings)",
            fingerprint=fingerprint_of(*(finding.fingerprint for finding in rest)),
        )


Starts = tuple[int, ...]


@dataclass(frozen=True)
class ScannedText:
    """One file's text with its lines, as the rules look at it."""

    path: str
    text: str
    starts: Starts
    """Where each line begins."""
    flat: str
    """The text with shell lines joined; every character keeps its place."""
    flat_starts: Starts
    low: str
    """The joined lines in lower case, single-spaced, for looking up words."""
    low_starts: Starts
    words: dict[str, list[int]] = field(default_factory=dict)
    """Joined lines that hold the words which were looked up."""

    @classmethod
    def of(cls, file: File, most: int) -> "ScannedText":
        text = _decoded(file.content[:most])
        flat = CONTINUED.sub(lambda found: " " * len(found[0]), text)
        starts = _starts(flat)
        lines = [
            " ".join(flat[start:end].lower().split())
            for start, end in pairwise((*starts, len(flat)))
        ]
        low_starts = (0, *accumulate(len(line) + 1 for line in lines[:-1]))
        return cls(
            file.path, text, _starts(text), flat, starts, "\n".join(lines), low_starts
        )

    def findings(self) -> Iterator[Finding]:
        rules = [rule for rule in RULES if rule.files.search(self.path)]
        spans = {rule.rule: list(self._matches(rule)) for rule in rules}
        secrets = sorted(self._secrets(spans.values()))
        for rule in rules:
            yield from self._of_rule(rule, spans[rule.rule], secrets)

    def _matches(self, rule: ScanRule) -> Iterator[re.Match[str]]:
        for start, end in self._windows(rule):
            yield from rule.pattern.finditer(self.flat, start, end)

    def _windows(self, rule: ScanRule) -> list[tuple[int, int]]:
        """Whole lines around all that the rule's words or its hint find."""
        near = {line for word in rule.words for line in self._lines_with(word)}
        if rule.hint:
            places = (found.start() for found in rule.hint.finditer(self.flat))
            near |= {bisect_right(self.flat_starts, place) for place in places}
        windows: list[tuple[int, int]] = []
        for line in sorted(near):
            start = self.flat_starts[max(0, line - 1 - LINES_BEFORE)]
            end = _end(self.flat, self.flat_starts, line + LINES_AFTER)
            if windows and start <= windows[-1][1]:
                windows[-1] = (windows[-1][0], end)
            else:
                windows.append((start, end))
        return windows

    def _lines_with(self, word: str) -> list[int]:
        """Each line once, counted from 1."""
        if word not in self.words:
            self.words[word] = list(self._look_up(word))
        return self.words[word]

    def _look_up(self, word: str) -> Iterator[int]:
        at = self.low.find(word)
        while at >= 0:
            line = bisect_right(self.low_starts, at)
            yield line
            at = self.low.find(word, _end(self.low, self.low_starts, line))

    def line_at(self, place: int) -> int:
        return bisect_right(self.starts, place)

    def _secrets(
        self, matches: Iterable[list[re.Match[str]]]
    ) -> Iterator[tuple[int, int]]:
        for match in chain.from_iterable(matches):
            if "secret" in match.re.groupindex:
                yield match.span("secret")

    def _of_rule(
        self,
        rule: ScanRule,
        matches: list[re.Match[str]],
        secrets: list[tuple[int, int]],
    ) -> Iterator[Finding]:
        """One for each line that has a match."""
        lines: dict[int, int] = {}
        for match in matches:
            first, last = self.line_at(match.start()), self.line_at(match.end() - 1)
            lines[first] = max(last, lines.get(first, last))
        found = [
            Finding(
                rule.rule,
                rule.severity,
                rule.message,
                rule.remedy,
                file=self.path,
                line=first,
                snippet=self._snippet(first, secrets),
                why=rule.why,
                fingerprint=fingerprint_of(
                    rule.rule, self.path, self._text(first, last)
                ),
            )
            for first, last in lines.items()
        ]
        yield from gathered(found, PER_RULE_AND_FILE)

    def _span(self, first: int, last: int) -> tuple[int, int]:
        return self.starts[first - 1], _end(self.text, self.starts, last)

    def _text(self, first: int, last: int) -> str:
        """The lines without what an editor changes by the way."""
        start, end = self._span(first, last)
        return " ".join(self.text[start:end].split())

    def _snippet(self, line: int, secrets: list[tuple[int, int]]) -> str:
        start, end = self._span(line, line)
        shown, at = "", start
        for since, until in secrets:
            if since < end and until > at:
                shown += self.text[at : max(at, since)] + MASK
                at = min(until, end)
        shown += self.text[at:end]
        return masked(shown.strip()[: 4 * SNIPPET_CHARS])[:SNIPPET_CHARS]


def _starts(text: str) -> Starts:
    return (0, *(found.end() for found in BREAK.finditer(text)))


def _end(text: str, starts: Starts, line: int) -> int:
    """Where the line ends, counted from 1; that of the text for later ones."""
    return starts[line] if line < len(starts) else len(text)


def _decoded(content: bytes) -> str:
    """Text as an editor would read it, whatever is broken in it."""
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return content.decode("utf-16" if wide else "utf-8", "replace")


def masked(text: str) -> str:
    def mask(found: re.Match[str]) -> str:
        secret = found[found.lastgroup or 0]
        return found[0].replace(secret, MASK)

    return CREDENTIALS.sub(mask, text)
