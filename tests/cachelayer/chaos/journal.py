"""A journal of what each process did and when, in a file that survives a kill."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from time import monotonic_ns
from typing import Any

now = monotonic_ns
Event = dict[str, Any]


class Journal:
    """A file of JSON lines; each line is written at once."""

    def __init__(self, path: Path) -> None:
        self.who = path.name
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._descriptor = os.open(path, flags, 0o600)

    def write(self, kind: str, **event: Any) -> None:
        line = json.dumps({"kind": kind, "who": self.who, "at": now(), **event})
        os.write(self._descriptor, f"{line}\n".encode())

    def close(self) -> None:
        os.close(self._descriptor)


def events(folder: Path) -> list[Event]:
    """The events of all journals, in the order in which they happened."""
    unordered = [event for path in folder.iterdir() for event in _lines(path)]
    return sorted(unordered, key=lambda event: event["at"])


def _lines(path: Path) -> Iterator[Event]:
    for line in path.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):  # an incomplete line: its writer was killed
            yield json.loads(line)
