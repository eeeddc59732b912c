"""Text from skills and documents on its way to a terminal."""

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
