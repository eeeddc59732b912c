"""The files of one skill as a value, their digest, and the limits on them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property


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

    @cached_property
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


@dataclass(frozen=True)
class Limits:
    """What one skill may hold. Sizes are in bytes unless the name says otherwise."""

    files: int = 512
    total_bytes: int = 16 * 2**20
    file_bytes: int = 10_000_000
    # The strict YAML reader takes quadratic time: 3,000 list items need 12 seconds.
    frontmatter_chars: int = 16_384
    frontmatter_nodes: int = 500
    # Beyond this much of one file the security scan does not look.
    scanned_bytes: int = 1_000_000
    # And not beyond this much of all files together.
    scanned_total_bytes: int = 2_000_000
    # Of each kind; further ones stay in the frontmatter alone.
    labels: int = 50


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class SourceLimits:
    """What a folder or an archive of many skills may hold."""

    skill: Limits = DEFAULT_LIMITS
    entries: int = 50_000
    """Files and folders that are looked at."""
    total_bytes: int = 512 * 2**20
    """Unpacked."""
    ratio: int = 200
    """How many times larger it may be unpacked than packed."""


DEFAULT_SOURCE_LIMITS = SourceLimits()
