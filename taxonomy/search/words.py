"""Splits queries and texts into words, and highlights the query's words in texts."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape
from itertools import islice
from re import Match

import snowballstemmer

WORD = re.compile(r"[^\W_]+")
COMMON_WORDS = """
    a about all also am an and any are as asked at be been but by can could do does
    doing each for from get give had has have help her here him his how i if in into is
    it its just like make me my need needs no not of on one or our out please shall she
    should show so some such task than that the their them then there these they this
    those to use used uses using us want was we were what when where which while who
    will with would you your"""
STOPWORDS = frozenset(COMMON_WORDS.split())


@lru_cache(maxsize=2**16)
def stem(word: str) -> str:
    """The stem by Porter's algorithm, which the search index uses on both databases.

    Each call has a stemmer of its own: one keeps state, and threads call this.
    """
    return str(snowballstemmer.stemmer("porter").stemWord(word))


def words_of(text: str) -> list[str]:
    """The distinct words in lower case, in the order of the text."""
    words = WORD.findall(unicodedata.normalize("NFKC", text).lower())
    return list(dict.fromkeys(words))


def significant(words: list[str]) -> list[str]:
    """The words without stop words; all of them if there are only stop words."""
    return [word for word in words if word not in STOPWORDS] or words


def distance(one: str, other: str) -> int:
    """The Damerau-Levenshtein distance (optimal string alignment).

    That is the number of letters to add, drop, change or swap with their neighbour.
    """
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, another in enumerate(other, 1):
            change = rows[-1][j - 1] + (letter != another)
            row.append(min(rows[-1][j] + 1, row[-1] + 1, change))
            if i > 1 and j > 1 and one[i - 2 : i] == other[j - 2 : j][::-1]:
                row[-1] = min(row[-1], rows[-2][j - 2] + 1)
        rows.append(row)
    return rows[-1][-1]


SNIPPET_CHARS = 200
MOST_MATCHES = 400
"""The first so many matches in a text decide which part of it is shown."""


class Highlighter:
    """Marks the words of a text that have the stem of a word of the query.

    Words that start with `prefix` are marked as well.
    """

    def __init__(self, words: Iterable[str], prefix: str = "") -> None:
        self.stems = {stem(folded(word)) for word in words}
        self.initials = {each[:1] for each in self.stems}
        self.prefix = folded(prefix)

    def matches(self, word: str) -> bool:
        plain = folded(word)
        has_prefix = bool(self.prefix) and plain.startswith(self.prefix)
        if has_prefix or plain[:1] not in self.initials:
            return has_prefix  # a stem begins as its word does
        return stem(plain) in self.stems

    def mark(self, text: str) -> str | None:
        """The whole text as HTML with marks; None if no word matches."""
        matches = self._matches_in(text)
        return marked(text, matches) if matches else None

    def snippet(self, text: str) -> str | None:
        """The part of the text with the most distinct words of the query, as HTML.

        None if no word matches.
        """
        matches = self._matches_in(text)
        if not matches:
            return None
        start, end = self._best_part(text, matches)
        inside = [it for it in matches if start <= it.start() and it.end() <= end]
        before, after = "…" if start else "", "…" if end < len(text) else ""
        return f"{before}{marked(text, inside, start, end)}{after}"

    def _matches_in(self, text: str) -> list[Match[str]]:
        matches = (word for word in WORD.finditer(text) if self.matches(word[0]))
        return list(islice(matches, MOST_MATCHES))

    def _best_part(self, text: str, matches: Sequence[Match[str]]) -> tuple[int, int]:
        """The start and end of the part; it does not cut words."""

        def distinct(first: Match[str]) -> int:
            end = first.start() + SNIPPET_CHARS
            near = (it for it in matches if first.start() <= it.start() < end)
            return len({stem(folded(it[0])) for it in near})

        best = max(matches, key=distinct).start()
        start = max(0, best - SNIPPET_CHARS // 4)
        end = min(len(text), start + SNIPPET_CHARS)
        if start:
            start = text.find(" ", start, best) + 1 or best
        if end < len(text):
            end = max(text.rfind(" ", best, end), last_end(matches, best, end))
        return start, end


def last_end(matches: Sequence[Match[str]], start: int, end: int) -> int:
    """The end of the last match between start and end, or of the first after start."""
    ends = [each.end() for each in matches if start <= each.start()]
    return max((each for each in ends if each <= end), default=ends[0])


def marked(
    text: str, matches: Iterable[Match[str]], start: int = 0, end: int | None = None
) -> str:
    parts, at = [], start
    for each in matches:
        parts += [escape(text[at : each.start()]), f"<mark>{escape(each[0])}</mark>"]
        at = each.end()
    return " ".join("".join([*parts, escape(text[at:end])]).split())


def folded(word: str) -> str:
    """The word in lower case and without accents, as in the index."""
    parts = unicodedata.normalize("NFKD", word.lower())
    return "".join(part for part in parts if not unicodedata.combining(part))
