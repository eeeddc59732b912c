"""Text for a terminal, without control characters."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.console import Console
from rich.text import Text


def printable(text: object) -> str:
    """The text without control characters, which could manipulate the terminal."""
    return "".join(c for c in str(text) if c.isprintable() or c in "\n\t")


def say(console: Console, text: object = "", style: str = "") -> None:
    """Print a line. It is wrapped only in a terminal, and never read as markup."""
    line = Text(writable(text, console), style)
    console.print(line, soft_wrap=not console.is_terminal)


def writable(text: object, console: Console) -> str:
    """The printable text, with `?` for what the terminal's encoding lacks."""
    encoded = printable(text).encode(console.encoding, "replace")
    return encoded.decode(console.encoding)


def seconds(duration: float) -> str:
    """A duration as `12 s` or `3 min 5 s`."""
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of a table; each column is as wide as its widest cell."""
    lines = [list(headings), *rows]
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(cells).rstrip()
