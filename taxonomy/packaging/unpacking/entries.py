"""What an archive says of its members, and the paths that none may have."""

import re
import unicodedata
from dataclasses import dataclass

from taxonomy.packaging.errors import SourceRefused

MOST_PATH_BYTES = 1024
MOST_FOLDERS = 64
DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class Entry:
    """One member that is no folder. Nothing of its content has been read yet."""

    path: str
    size: int
    offset: int
    """Where the reader finds it."""
    executable: bool = False
    is_file: bool = True
    """False: a link, a device or a pipe."""
    packed: int = 0
    """Its bytes in the archive, as those that follow: of zips alone."""
    method: int = 0
    crc: int = 0


def inner_path(raw: bytes) -> str:
    """The path within the archive, no slash at its end; empty for its root.

    Raises SourceRefused for one that leads out of it, or that no two tools read
    alike: whoever writes such a path means harm.
    """
    if len(raw) > MOST_PATH_BYTES:
        raise SourceRefused(f"A path of {len(raw)} bytes, at most {MOST_PATH_BYTES}.")
    try:
        path = raw.decode()
    except UnicodeDecodeError:
        raise SourceRefused(f"The path {raw[:80]!r} is not UTF-8.") from None
    path = path.removesuffix("/")
    while path.startswith("./"):
        path = path[2:]
    if path in ("", ".") and raw not in (b"", b"/"):
        return ""
    if problem := _problem(path):
        raise SourceRefused(f"The path {path[:80]!a} {problem}.")
    return path


def _problem(path: str) -> str:
    segments = path.split("/")
    if path.startswith("/") or DRIVE.match(path):
        return "is absolute"
    if ".." in segments:
        return "leads out of the archive"
    if "" in segments or "." in segments:
        return "has an empty part"
    if "\\" in path:
        return "holds a backslash"
    if any(unicodedata.category(character) == "Cc" for character in path):
        return "holds a control character"
    return "is nested too deeply" if len(segments) > MOST_FOLDERS else ""
