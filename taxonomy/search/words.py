"""The words of a query and of a text, as people write them."""

import re
import unicodedata
from functools import lru_cache

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


def telling(words: list[str]) -> list[str]:
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
