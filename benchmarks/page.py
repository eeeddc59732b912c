"""The page of figures: each benchmark replaces its own section and no other."""

import re
from collections.abc import Iterable, Sequence
from math import ceil, floor, log10
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs/reference/benchmarks.md"
UNITS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))


def write_section(name: str, lines: Iterable[str], page: Path = PAGE) -> None:
    """Put these lines between the section's marks, which the page must have."""
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
    """Three digits; ours is rounded up, others' down."""
    unit, size = next((u for u in UNITS if seconds >= u[1]), UNITS[-1])
    return f"{digits(seconds / size, 3, up=ours)} {unit}"


def times(ratio: float) -> str:
    """How many times better ours is: two digits below 100, three above, cut off."""
    return f"{digits(ratio, 2 if ratio < 100 else 3, up=False)} x"


def of_limit(ratio: float, *, ours: bool = False) -> str:
    """How many times the cost of the least there is: ours is rounded up."""
    return f"{digits(ratio, 3, up=ours)} x"


def digits(number: float, count: int, *, up: bool) -> str:
    """So many significant digits, in one direction."""
    if number <= 0:
        return "0"
    places = count - 1 - floor(log10(number))
    scaled = round(number * 10**places, 6)  # 1.1 times 10 is more than 11
    whole = (ceil if up else floor)(scaled)
    return f"{whole / 10**places:,.{max(places, 0)}f}"
