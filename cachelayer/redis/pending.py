"""Pending invalidations: those of this host that the server has not confirmed.

They are in a file for two reasons: as long as there are any, no process of the host may
read from the cache; and they must outlive a process that ends.
"""

import logging
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from cachelayer.locks import HostLock

logger = logging.getLogger(__name__)
EVERYTHING = "*"
MAX_BYTES = 65_536  # of the list; a longer one is replaced by `everything`


class PendingInvalidations:
    """A line for each: slots with commas between them, or `*` and a random number."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = str(path)
        self._lock = HostLock(path.with_suffix(".lock"))
        self._unwritten = b""  # lines that could not be written to the file

    def exist(self) -> bool:
        return bool(self._unwritten) or os.path.exists(self._path)

    def add(self, slots: Iterable[int] | None) -> None:
        """Add slots to invalidate when the server answers again; None: everything."""
        everything = f"{EVERYTHING}{secrets.token_hex(8)}"
        line = everything if slots is None else ",".join(map(str, slots))
        try:
            with self._lock:
                self._write(f"{line}\n".encode(), f"{everything}\n".encode())
        except OSError as error:
            self._unwritten = f"{everything}\n".encode()
            logger.error(
                "cache: pending invalidations cannot be written, so that only this "
                "process stops reading: file=%s error=%s",
                self._path,
                error,
            )

    def _write(self, line: bytes, everything: bytes) -> None:
        """Append the line; a list that is too long is replaced.

        The random number in the replacement lets remove() tell two of them apart.
        """
        if len(self._read_file()) + len(line) > MAX_BYTES:
            temporary = f"{self._path}.{os.getpid()}"
            Path(temporary).write_bytes(everything)
            os.replace(temporary, self._path)
            return
        with open(self._path, "ab") as opened:
            opened.write(line)

    def _read_file(self) -> bytes:
        try:
            return Path(self._path).read_bytes()
        except FileNotFoundError:
            return b""

    def read(self) -> bytes:
        """The lines to deliver: invalidate slots_in() them, then remove() them."""
        return self._unwritten + self._read_file()

    def remove(self, delivered: bytes) -> None:
        """Remove lines that were delivered, unless others were added since."""
        with self._lock:
            if self.read() == delivered:
                Path(self._path).unlink(missing_ok=True)
                self._unwritten = b""


def slots_in(lines: bytes) -> set[int] | None:
    """The slots in these lines. None: everything, as after an incomplete last line."""
    words = [word for line in lines.split() for word in line.split(b",")]
    if not lines.endswith(b"\n") or not all(map(bytes.isdigit, words)):
        return None
    return set(map(int, words))
