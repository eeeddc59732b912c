"""The files of one skill as a value: sorted, checked, addressed by a digest."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class File:
    """One file: a relative POSIX path, its bytes, and whether it may be executed."""

    path: str
    content: bytes
    executable: bool = False

    @property
    def mode(self) -> str:
        """The mode that git would give it."""
        return "100755" if self.executable else "100644"

    @property
    def blob_digest(self) -> str:
        """SHA-256 of the content, 64 hex digits."""
        return hashlib.sha256(self.content).hexdigest()


Files = tuple[File, ...]
"""The files of a skill, sorted by path, each path once."""


def as_files(files: Iterable[File]) -> Files:
    return tuple(sorted(files, key=lambda file: file.path))


def bundle_digest(files: Iterable[File]) -> str:
    """SHA-256 over the sorted (path, blob, mode); equal files have equal digests."""
    total = hashlib.sha256()
    for file in as_files(files):
        total.update(f"{file.path}\0{file.blob_digest}\0{file.mode}\n".encode())
    return total.hexdigest()
