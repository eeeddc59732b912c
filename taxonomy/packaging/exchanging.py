"""Two folders that take each other's place."""

import ctypes
import os
import sys
from errno import EINVAL, ENOSYS, ENOTSUP, EPERM
from pathlib import Path

HERE = -100
"""AT_FDCWD of fcntl.h: paths mean what they mean anywhere else."""
EXCHANGE = 2
"""RENAME_EXCHANGE of renameat2(2)."""
UNKNOWN = frozenset({ENOSYS, EINVAL, ENOTSUP, EPERM})
"""What an old kernel, a file system without it, or a sandbox answers."""

renameat2 = (
    getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if sys.platform == "linux"
    else None
)


def exchange(one: Path, other: Path, by: Path) -> None:
    """In one step where the system can: Linux, on most file systems.

    Elsewhere in three: `other` is missing for a moment, and lies at `by` then.
    """
    if not _in_one_step(one, other):
        other.rename(by)
        one.rename(other)
        by.rename(one)


def _in_one_step(one: Path, other: Path) -> bool:
    """False: the system cannot, and nothing has been done."""
    if renameat2 is None:
        return False
    paths = os.fsencode(one), os.fsencode(other)
    if renameat2(HERE, paths[0], HERE, paths[1], EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in UNKNOWN:
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))
