"""The page with the figures. Each benchmark replaces its own section only."""

import re
from collections.abc import Iterable, Sequence
from math import ceil, floor, log10
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs/reference/benchmarks.md"
UNITS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))


def write_section(name: str, lines: Iterable[str], page: Path = PAGE) -> None:
    """Write these lines between the marks of the section, which must exist."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    between = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    text = "\n".join(lines).strip()
    made, count = between.subn(
        lambda _: f"{begin}\n{text}\n{end}", page.read_text(encoding="utf-8")
    )
    if count != 1:
        raise LookupError(f"{page} has {count} sections {name!r}; it needs one")
    page.write_text(made, encoding="utf-8")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["", *(f"| {' | '.join(cells)} |" for cells in lines), ""]


def duration(seconds: float, *, ours: bool = False) -> str:
    """A time with three digits. Ours are rounded up, those of others down."""
    unit, size = next((u for u in UNITS if seconds >= u[1]), UNITS[-1])
    return f"{digits(seconds / size, 3, up=ours)} {unit}"


def times(ratio: float) -> str:
    """A ratio in our favour: two digits below 100, three above, rounded down."""
    return f"{digits(ratio, 2 if ratio < 100 else 3, up=False)} x"


def of_limit(ratio: float, *, ours: bool = False) -> str:
    """A ratio to the lowest possible cost, rounded up."""
    return f"{digits(ratio, 3, up=ours)} x"


def digits(number: float, count: int, *, up: bool) -> str:
    """Round to this number of significant digits, up or down."""
    if number <= 0:
        return "0"
    places = count - 1 - floor(log10(number))
    scaled = round(number * 10**places, 6)  # in floats 1.1 * 10 is more than 11
    whole = (ceil if up else floor)(scaled)
    return f"{whole / 10**places:,.{max(places, 0)}f}"
