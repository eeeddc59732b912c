"""Counts how often a skill's content is parsed, gated and hashed."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from taxonomy.files.gate import bundle_digest, check_files
from taxonomy.scan.engine import scan
from taxonomy.skillmd.document import parse


def place(code: CodeType) -> tuple[str, str]:
    """The file and name of a function. Coverage replaces the code object itself."""
    return code.co_filename, code.co_qualname


COUNTED = {
    place(parse.__code__): "parse",
    place(check_files.__code__): "gate",
    place(bundle_digest.__code__): "hash",
    place(scan.__code__): "scan",
}


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the calls in this thread, by whatever name they are imported."""
    calls: Counter[str] = Counter(dict.fromkeys(COUNTED.values(), 0))

    def count(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and (name := COUNTED.get(place(frame.f_code))):
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
