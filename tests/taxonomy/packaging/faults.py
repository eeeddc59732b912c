"""Deeds before something is opened."""

import os
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest


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
