"""Row locks for writes without a transaction.

Such a write announces the row's next version before it is made, so no other writer may
change the row in between.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


class Latches:
    """A file lock for each row, among all threads and processes.

    Writers that lock the row in the database share its latch; the others take it
    exclusively. The kernel frees the latches of a killed process.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self, numbers: Iterable[int], *, shared: bool) -> Iterator[None]:
        """Hold the latches of these rows, taken in order to avoid deadlocks."""
        mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        with ExitStack() as stack:
            for number in sorted(numbers):
                path = self.folder / f"row-{number}"
                opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
                stack.callback(os.close, opened)
                fcntl.flock(opened, mode)
            yield
