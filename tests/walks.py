"""Tracers that record which of our files a request or a job passes through."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("core", "cachelayer", "taxonomy", "jobs", "skillfleet")
DEPTH, WIDTH = 3, 50
"""How deep a tracer searches a value for a text, and how many of its members."""

Follows = Callable[[FrameType], bool]


class Walk(dict[str, set[str]]):
    """The functions that are entered, by file, in the order in which files are entered.

    Bodies of modules are not counted: they run once, when the module is imported.
    """

    def __init__(self, follows: Follows, *packages: str) -> None:
        super().__init__()
        self.follows = follows
        self.roots = tuple(f"{ROOT / package}/" for package in packages or PACKAGES)

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if event != "call" or code.co_name == "<module>":
            return
        if not code.co_filename.startswith(self.roots):
            return
        sys.setprofile(None)  # the code that inspects the frame is not recorded
        try:
            if self.follows(frame):
                file = code.co_filename.removeprefix(f"{ROOT}/")
                self.setdefault(file, set()).add(code.co_name)
        finally:
            sys.setprofile(self)

    def before(self, folder: str) -> list[str]:
        """The files that are entered before the first file of this folder."""
        first = next((file for file in self if file.startswith(folder)), None)
        files = list(self)
        return files[: files.index(first)] if first else files


@contextmanager
def walked(walk: Walk) -> Iterator[None]:
    sys.setprofile(walk)
    try:
        yield
    finally:
        sys.setprofile(None)


def every_call(frame: FrameType) -> bool:
    return True


def calls_with(text: str) -> Follows:
    """Follow a text: select the calls with an argument that contains it."""

    def follows(frame: FrameType) -> bool:
        code = frame.f_code
        flags = bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)  # *args, **kw
        count = code.co_argcount + code.co_kwonlyargcount + flags
        names = code.co_varnames[:count]
        return any(holds(frame.f_locals.get(name), text, DEPTH) for name in names)

    return follows


def holds(value: Any, text: str, depth: int) -> bool:
    if isinstance(value, str):
        return text in value
    if isinstance(value, bytes):
        return text.encode() in value
    return depth > 0 and any(
        holds(member, text, depth - 1) for member in islice(members(value), WIDTH)
    )


def members(value: Any) -> Iterator[Any]:
    """The members of a collection, or the attributes of an object of ours."""
    if isinstance(value, list | tuple | set | frozenset):
        yield from value
    elif isinstance(value, dict):
        yield from value.values()
    elif type(value).__module__.partition(".")[0] in PACKAGES:
        if is_dataclass(value) and not isinstance(value, type):
            yield from (getattr(value, each.name, None) for each in fields(value))
        else:
            yield from getattr(value, "__dict__", {}).values()
