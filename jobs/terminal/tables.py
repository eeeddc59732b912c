"""Rows in columns: one line per row, for eyes and for `awk`."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest


def columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The headings and the rows, each column as wide as its widest cell."""
    lines = [list(headings), *rows]
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(cells).rstrip()
