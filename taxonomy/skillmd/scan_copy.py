"""A copy of a file's text as rules look at it, with its lines and its words."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from taxonomy.skillmd.scan_pattern import ScanRule

LINES_BEFORE, LINES_AFTER = 2, 7
"""How far around one of its words a rule looks."""
BREAK = re.compile("\r\n?|\n")

Starts = tuple[int, ...]
"""Where each line of a text begins."""


@dataclass(frozen=True)
class Copy:
    """One copy of a file's text; a line of it may be several of the file."""

    text: str
    file_starts: Starts
    """Where each line of the file begins in this copy."""
    starts: Starts
    low: str
    """The lines in lower case, single-spaced, for looking up words."""
    low_starts: Starts
    words: dict[str, list[int]] = field(default_factory=dict)
    """Lines that hold the words which were looked up."""

    @classmethod
    def of(cls, text: str, file_starts: Starts | None = None) -> "Copy":
        starts = starts_of(text)
        lines = [
            " ".join(text[start:end].lower().split())
            for start, end in pairwise((*starts, len(text)))
        ]
        low_starts = (0, *accumulate(len(line) + 1 for line in lines[:-1]))
        return cls(text, file_starts or starts, starts, "\n".join(lines), low_starts)

    def matches(self, rule: ScanRule) -> Iterator[re.Match[str]]:
        for start, end in self._windows(rule):
            yield from rule.pattern.finditer(self.text, start, end)

    def lines_of(self, match: re.Match[str]) -> tuple[int, int]:
        """The file's lines on which it begins and ends."""
        first = bisect_right(self.file_starts, match.start())
        return first, max(first, bisect_right(self.file_starts, match.end() - 1))

    def _windows(self, rule: ScanRule) -> list[tuple[int, int]]:
        """Whole lines around all that the rule's words or its hint find."""
        near = {line for word in rule.words for line in self._lines_with(word)}
        if rule.hint:
            places = (found.start() for found in rule.hint.finditer(self.text))
            near |= {bisect_right(self.starts, place) for place in places}
        windows: list[tuple[int, int]] = []
        for line in sorted(near):
            start = self.starts[max(0, line - 1 - LINES_BEFORE)]
            end = end_of(self.text, self.starts, line + LINES_AFTER)
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
            at = self.low.find(word, end_of(self.low, self.low_starts, line))


def starts_of(text: str) -> Starts:
    return (0, *(found.end() for found in BREAK.finditer(text)))


def end_of(text: str, starts: Starts, line: int) -> int:
    """Where the line ends, counted from 1; that of the text for later ones."""
    return starts[line] if line < len(starts) else len(text)
