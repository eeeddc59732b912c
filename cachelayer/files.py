"""Files that several processes map: swapped in whole, or not at all."""

import os
import secrets
from pathlib import Path


def swap_in(path: Path, content: bytes) -> None:
    """Put a new file in its place: who maps the former one keeps that.

    Raises OSError; nothing is left behind then.
    """
    made = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        made.touch(mode=0o600)
        made.write_bytes(content)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def identity(file: Path | int) -> tuple[int, int] | None:
    """Device and inode; None when there is no such file, or no way to it."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_dev, found.st_ino
