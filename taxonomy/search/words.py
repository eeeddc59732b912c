"""The words of a query and of a text, and the HTML that marks them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape
from re import Match

WORD = re.compile(r"[^\W_]+")
SUFFIXES = ("ations", "ation", "ingly", "edly", "ings", "ing", "ies", "ers", "er")
SHORT_SUFFIXES = ("ed", "es", "s", "y", "e")
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
    """A word without its ending, so that launch, launches and launching agree."""
    for suffix in (*SUFFIXES, *SHORT_SUFFIXES):
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word.removesuffix(suffix)
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        return word[:-1]  # running: runn, run
    return word.removesuffix("e") if len(word) > 3 else word


def words_of(text: str) -> list[str]:
    """Each word once, in lower case, in the order of the text."""
    found = WORD.findall(unicodedata.normalize("NFKC", text).lower())
    return list(dict.fromkeys(found))


def significant(words: list[str]) -> list[str]:
    """Without those that say nothing of a subject, unless there are no others."""
    return [word for word in words if word not in STOPWORDS] or words


def distance(one: str, other: str) -> int:
    """How many letters to add, drop, change or swap with their neighbour."""
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
LOOKED_AT = 400
"""So many of a text's words of the query decide which part of it is shown."""


class Highlighter:
    """Marks the words that agree with the query's but for their endings."""

    def __init__(self, words: Iterable[str], begins: str = "") -> None:
        self.stems = {stem(folded(word)) for word in words}
        self.begins = folded(begins)

    def wanted(self, word: str) -> bool:
        plain = folded(word)
        begins = bool(self.begins) and plain.startswith(self.begins)
        return begins or stem(plain) in self.stems

    def whole(self, text: str) -> str | None:
        """The text with its marks; None if it has none."""
        found = self._found(text)
        return marked(text, found) if found else None

    def snippet(self, text: str) -> str | None:
        """The part of it that holds the most different words; None if none has any."""
        found = self._found(text)
        if not found:
            return None
        start, end = self._richest(text, found)
        shown = [each for each in found if start <= each.start() and each.end() <= end]
        before, after = "…" if start else "", "…" if end < len(text) else ""
        return f"{before}{marked(text, shown, start, end)}{after}"

    def _found(self, text: str) -> list[Match[str]]:
        found = (each for each in WORD.finditer(text) if self.wanted(each[0]))
        return [each for _, each in zip(range(LOOKED_AT), found, strict=False)]

    def _richest(self, text: str, found: Sequence[Match[str]]) -> tuple[int, int]:
        """From where to where; the first of equals. Ends are ends of words."""

        def different(first: Match[str]) -> int:
            end = first.start() + SNIPPET_CHARS
            near = (it for it in found if first.start() <= it.start() < end)
            return len({stem(folded(it[0])) for it in near})

        best = max(found, key=different).start()
        start = max(0, best - SNIPPET_CHARS // 4)
        end = min(len(text), start + SNIPPET_CHARS)
        if start:
            start = text.find(" ", start, best) + 1 or best
        if end < len(text):
            end = max(text.rfind(" ", best, end), found_end(found, best, end))
        return start, end


def found_end(found: Sequence[Match[str]], start: int, end: int) -> int:
    """The end of the last word that is wholly there; of the first one in any case."""
    ends = [each.end() for each in found if start <= each.start()]
    return max((each for each in ends if each <= end), default=ends[0])


def marked(
    text: str, found: Iterable[Match[str]], start: int = 0, end: int | None = None
) -> str:
    parts, at = [], start
    for each in found:
        parts += [escape(text[at : each.start()]), f"<mark>{escape(each[0])}</mark>"]
        at = each.end()
    return " ".join("".join([*parts, escape(text[at:end])]).split())


def folded(word: str) -> str:
    """In small letters and without accents, as the index has it."""
    parts = unicodedata.normalize("NFKD", word.lower())
    return "".join(part for part in parts if not unicodedata.combining(part))
