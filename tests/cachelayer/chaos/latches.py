"""Locks for writes without a transaction, whose version no other writer knows."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


class Latches:
    """A lock per row among all threads and processes; a killed process frees its own.

    Writers that queue in the database share a row's, others have it to themselves.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self, numbers: Iterable[int], *, shared: bool) -> Iterator[None]:
        mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        with ExitStack() as stack:
            for number in sorted(numbers):
                path = self.folder / f"row-{number}"
                opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
                stack.callback(os.close, opened)
                fcntl.flock(opened, mode)
            yield
