"""Text for a terminal: nothing in it may steer the terminal or break a column."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.console import Console
from rich.text import Text


def printable(text: object) -> str:
    """Without control characters: a document must not steer the terminal."""
    return "".join(c for c in str(text) if c.isprintable() or c in "\n\t")


def say(console: Console, text: object = "", style: str = "") -> None:
    """A line; wrapped in a terminal alone, and nothing in it taken for markup."""
    line = Text(writable(text, console), style)
    console.print(line, soft_wrap=not console.is_terminal)


def writable(text: object, console: Console) -> str:
    """Without what the terminal has no characters for, either."""
    shown = printable(text).encode(console.encoding, "replace")
    return shown.decode(console.encoding)


def seconds(duration: float) -> str:
    """`12 s`, `3 min 5 s`."""
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The headings and the rows, each column as wide as its widest cell."""
    lines = [list(headings), *rows]
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(cells).rstrip()
