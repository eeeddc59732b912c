"""Retirements that the server has not confirmed, of all processes of this host.

They stand in a file, so that the host's other processes refuse to read too and a
process that ends does not take them along. While there are any, nothing is read.
"""

import logging
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from cachelayer.locks import HostLock

logger = logging.getLogger(__name__)
EVERYTHING = "*"
LONGEST = 65_536  # bytes of the list; after that everything is owed


class Debts:
    """A line per debt: slots between commas, or `*` and some letters."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = str(path)
        self._lock = HostLock(path.with_suffix(".lock"))
        self._here = b""  # what could not even be written down

    def owed(self) -> bool:
        return bool(self._here) or os.path.exists(self._path)

    def owe(self, slots: Iterable[int] | None) -> None:
        """These slots are to be retired as soon as possible; None: everything."""
        everything = f"{EVERYTHING}{secrets.token_hex(8)}"
        line = everything if slots is None else ",".join(map(str, slots))
        try:
            with self._lock:
                self._write(f"{line}\n".encode(), f"{everything}\n".encode())
        except OSError as error:
            self._here = f"{everything}\n".encode()
            logger.error(
                "cache retirements cannot be written down, so that only this process "
                "stops reading: file=%s error=%s",
                self._path,
                error,
            )

    def _write(self, line: bytes, everything: bytes) -> None:
        """Append. A long list becomes `*`: another one each time, see paid()."""
        if len(self._stored()) + len(line) > LONGEST:
            made = f"{self._path}.{os.getpid()}"
            Path(made).write_bytes(everything)
            os.replace(made, self._path)
            return
        with open(self._path, "ab") as opened:
            opened.write(line)

    def _stored(self) -> bytes:
        try:
            return Path(self._path).read_bytes()
        except FileNotFoundError:
            return b""

    def listed(self) -> bytes:
        """All that is owed now; hand it to slots_in() and, delivered, to paid()."""
        return self._here + self._stored()

    def paid(self, listed: bytes) -> None:
        """That has been delivered. What was owed since stays."""
        with self._lock:
            if self.listed() == listed:
                Path(self._path).unlink(missing_ok=True)
                self._here = b""


def slots_in(listed: bytes) -> set[int] | None:
    """None: everything; a line that was torn means everything too."""
    words = [word for line in listed.split() for word in line.split(b",")]
    if not listed.endswith(b"\n") or not all(map(bytes.isdigit, words)):
        return None
    return set(map(int, words))
