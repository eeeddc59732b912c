"""Runs code between two lines of a folder write, or before a file is opened."""

import os
import sys
from collections.abc import Callable
from itertools import count
from types import FrameType
from typing import Any

import pytest

from taxonomy.files import write


class Between:
    """Calls `deed` at each line and each return of `taxonomy.files.write`, with the
    number of the call, counted from 1."""

    def __init__(self, deed: Callable[[int], None]) -> None:
        self.deed = deed
        self.numbers = count(1)

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != write.__file__:
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
    """Call `deed` once, at the line with this number; `Between.numbers` counts on."""
    return Between(lambda current: deed() if current == number else None)


def before_opening(
    monkeypatch: pytest.MonkeyPatch, name: str, deed: Callable[[], None], nth: int = 1
) -> None:
    """Call `deed` once, before `os.open` opens the path `name` for the nth time."""
    opens, real = count(1), os.open

    def opening(path: Any, *arguments: Any, **options: Any) -> int:
        if path == name and next(opens) == nth:
            deed()
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", opening)
