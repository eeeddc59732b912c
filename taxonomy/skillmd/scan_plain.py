"""What an agent makes of a text: the same lines without what splits or hides words."""

import html
import re
import unicodedata
from itertools import pairwise
from urllib.parse import unquote

from taxonomy.skillmd.scan_copy import Starts

LATIN = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u0501\u04bb"
    "\u0410\u0412\u0415\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425"
    "\u03bf\u0391\u0392\u0395\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u0585\u057d",
    "aeopcyxisjdhABEIJKMHOPCTXoABEIKMNOPTou",
)
"""Letters of other alphabets that look like Latin ones."""
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
FENCE = re.compile(r"[ \t]{0,12}(?:>[ \t]{0,3}){0,3}(`{3,99}|~{3,99})")


def plain(text: str, starts: Starts) -> str:
    """As many lines as before; each stands where it stood."""
    return "\n".join(_plain_line(line) for line in _lines(text, starts))


def fenced(text: str, starts: Starts) -> str:
    """The code blocks of a Markdown text, with an empty line for each other line."""
    kept, fence = [], ""
    for line in _lines(text, starts):
        mark = FENCE.match(line)
        inside = bool(fence)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence, inside = "", False
        kept.append(line if inside else "")
    return "\n".join(kept)


def _lines(text: str, starts: Starts) -> list[str]:
    return [text[a:b].rstrip("\r\n") for a, b in pairwise((*starts, len(text)))]


def _plain_line(line: str) -> str:
    if not MARKED.search(line):
        return line
    line = unquote(html.unescape(line), errors="replace")
    if not line.isascii():
        line = INVISIBLE.sub("", line).translate(LATIN)
        line = unicodedata.normalize("NFKC", line)
    line = JOINED_WORDS.sub(lambda found: found[0].replace("_", " "), line)
    return BLANK.sub(" ", MARKS.sub("", line))
