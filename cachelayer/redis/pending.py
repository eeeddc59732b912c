"""Pending invalidations: those that the server has not confirmed, of this host.

They are kept in a file, for two reasons: the host's other processes must not read from
the cache either while there are any, and they outlive a process that ends.
"""

import logging
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from cachelayer.locks import HostLock

logger = logging.getLogger(__name__)
EVERYTHING = "*"
LONGEST = 65_536  # bytes of the list; a longer one is replaced by `everything`


class PendingInvalidations:
    """A line for each: slots with commas between them, or `*` and a random number."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = str(path)
        self._lock = HostLock(path.with_suffix(".lock"))
        self._unwritten = b""  # what could not be written to the file

    def exist(self) -> bool:
        return bool(self._unwritten) or os.path.exists(self._path)

    def add(self, slots: Iterable[int] | None) -> None:
        """Have these slots invalidated as soon as possible; None: everything."""
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
        if len(self._read_file()) + len(line) > LONGEST:
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
        """The present list: deliver slots_in() it, then remove() it."""
        return self._unwritten + self._read_file()

    def remove(self, delivered: bytes) -> None:
        """Remove a list that was delivered, unless something was added since."""
        with self._lock:
            if self.read() == delivered:
                Path(self._path).unlink(missing_ok=True)
                self._unwritten = b""


def slots_in(listed: bytes) -> set[int] | None:
    """None: everything. An incomplete last line means everything, too."""
    words = [word for line in listed.split() for word in line.split(b",")]
    if not listed.endswith(b"\n") or not all(map(bytes.isdigit, words)):
        return None
    return set(map(int, words))
