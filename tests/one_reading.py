"""Counts how often a skill's content is parsed, gated and hashed."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from taxonomy.files.file import bundle_digest
from taxonomy.files.gate import check_files
from taxonomy.scan.engine import scan
from taxonomy.skillmd.document import parse

COUNTED = {
    parse.__code__: "parse",
    check_files.__code__: "gate",
    bundle_digest.__code__: "hash",
    scan.__code__: "scan",
}


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """The calls made in this thread, however the functions were imported."""
    calls: Counter[str] = Counter(dict.fromkeys(COUNTED.values(), 0))

    def count(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and (name := COUNTED.get(frame.f_code)):
            calls[name] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


ONCE = {"parse": 1, "gate": 1, "hash": 1, "scan": 1}
STORED = ONCE | {"hash": 0}
"""Content that is read by its digest is not hashed again."""
