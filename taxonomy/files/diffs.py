"""What one set of files has that another has not, as people read it."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from taxonomy.files.gate import File, Files

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
BINARY, TOO_LONG = "binary", "too long"
CONTEXT_LINES = 3
FULL_FILES = 10
BYTES_PER_LINE = 100
"""How long lines may be on average in a file of as many as are compared."""


@dataclass(frozen=True)
class FileDiff:
    """One file that differs. `text` is a unified diff; empty: `note` says why.

    The note is `binary`, `too long`, or that the file may now be executed or not.
    """

    path: str
    change: str
    text: str = ""
    note: str = ""


def differences(before: Files, after: Files, most_lines: int) -> tuple[FileDiff, ...]:
    """Every file that differs, by path; one of more than `most_lines` has no text.

    The bound is on each side of each file: comparing takes time that grows with the
    product of the two. All together may have as many as FULL_FILES of that length.
    """
    return tuple(_differences(before, after, most_lines))


def _differences(before: Files, after: Files, most_lines: int) -> Iterator[FileDiff]:
    old = {file.path: file for file in before}
    new = {file.path: file for file in after}
    left = most_lines * FULL_FILES
    for path in sorted(old.keys() | new.keys()):
        was, now = old.get(path), new.get(path)
        if was != now:
            change = CHANGED if was and now else ADDED if now else REMOVED
            text, note = _compared(was, now, path, min(most_lines, left))
            left -= _length(was, now) if text else 0
            yield FileDiff(path, change, text, note or _mode(was, now))


def _length(was: File | None, now: File | None) -> int:
    return max(file.content.count(b"\n") + 1 for file in (was, now) if file)


def _mode(was: File | None, now: File | None) -> str:
    if was is None or now is None or was.executable == now.executable:
        return ""
    return "executable now" if now.executable else "not executable any more"


def _compared(
    was: File | None, now: File | None, path: str, most_lines: int
) -> tuple[str, str]:
    """(the unified diff, why there is none)."""
    try:
        old, new = _lines(was), _lines(now)
    except UnicodeDecodeError:
        return "", BINARY
    most_bytes = most_lines * BYTES_PER_LINE
    longest = max(len(file.content) for file in (was, now) if file)
    if max(len(old), len(new)) > most_lines or longest > most_bytes:
        return "", TOO_LONG
    names = (f"a/{path}" if was else "/dev/null", f"b/{path}" if now else "/dev/null")
    found = difflib.unified_diff(old, new, *names, n=CONTEXT_LINES, lineterm="")
    return "".join(f"{line}\n" for line in found), ""


def _lines(file: File | None) -> list[str]:
    """Raises UnicodeDecodeError, also for a NUL: no text holds one."""
    if file is None:
        return []
    if b"\0" in file.content:
        raise UnicodeDecodeError("utf-8", file.content, 0, 1, "NUL")
    lines = file.content.decode().split("\n")
    if not lines[-1]:
        return lines[:-1]
    return [*lines[:-1], f"{lines[-1]}\n\\ No newline at end of file"]
