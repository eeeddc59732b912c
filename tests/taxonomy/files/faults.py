"""Deeds between two lines of a write, and before something is opened."""

import os
import sys
from collections.abc import Callable
from itertools import count
from types import FrameType
from typing import Any

import pytest

from taxonomy.files import write

WRITING = {module.__file__ for module in (write, write, write)}


class Between:
    """Called at each line of what writes folders, and at each return."""

    def __init__(self, deed: Callable[[int], None]) -> None:
        self.deed = deed
        self.numbers = count(1)

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename not in WRITING:
            return None
        if event in ("line", "return"):
            self.deed(next(self.numbers))
        return self

    def __enter__(self) -> None:
        self.before = sys.gettrace()
        sys.settrace(self)

    def __exit__(self, *error: object) -> None:
        sys.settrace(self.before)


def at(number: int, deed: Callable[[], None]) -> Between:
    """Once, at the line that has this number; `Between.numbers` goes on."""
    return Between(lambda found: deed() if found == number else None)


def before_opening(
    monkeypatch: pytest.MonkeyPatch, name: str, deed: Callable[[], None], nth: int = 1
) -> None:
    """Once, before the nth time that something of this name is opened."""
    opens, real = count(1), os.open

    def opening(path: Any, *arguments: Any, **options: Any) -> int:
        if path == name and next(opens) == nth:
            deed()
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", opening)
