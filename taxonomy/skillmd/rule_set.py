"""By which rules a skill was judged, in short."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
SCAN = HERE.parent / "scan"
GATE = HERE.parent / "files" / "gate.py"


@cache
def rule_set() -> str:
    """Another one judges a skill anew.

    It is a digest of the text of all that judges: beside patterns and severities the
    rules are functions, and nobody has to remember to count them up.
    """
    return digest_of([*sorted(HERE.glob("*.py")), *sorted(SCAN.rglob("*.py")), GATE])


def digest_of(sources: Iterable[Path]) -> str:
    """Of their names and their lines, however these end."""
    texts = (f"{path.name}\0{path.read_text(encoding='utf-8')}" for path in sources)
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
