"""Differences between two sets of files, as unified diffs."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from taxonomy.files.gate import File, Files

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
BINARY, TOO_LONG = "binary", "too long"
CONTEXT_LINES = 3
FULL_FILES = 10
BYTES_PER_LINE = 100
"""A file is only compared if its lines have at most so many bytes on average."""


@dataclass(frozen=True)
class FileDiff:
    """One file that differs. `text` is a unified diff, or empty with a `note`.

    The note is `binary`, `too long`, or says that the file became executable or not.
    """

    path: str
    change: str
    text: str = ""
    note: str = ""


def differences(before: Files, after: Files, most_lines: int) -> tuple[FileDiff, ...]:
    """Every file that differs, sorted by path.

    A diff has no text if either version of the file has more than `most_lines`,
    because the time to compare them grows with the product of their lengths. All files
    together may have FULL_FILES times as many lines; the diffs after that have no text.
    """
    return tuple(_differences(before, after, most_lines))


def _differences(before: Files, after: Files, most_lines: int) -> Iterator[FileDiff]:
    old = {file.path: file for file in before}
    new = {file.path: file for file in after}
    remaining = most_lines * FULL_FILES
    for path in sorted(old.keys() | new.keys()):
        was, now = old.get(path), new.get(path)
        if was != now:
            change = CHANGED if was and now else ADDED if now else REMOVED
            text, note = _unified_diff(was, now, path, min(most_lines, remaining))
            remaining -= _lines_of_longer(was, now) if text else 0
            yield FileDiff(path, change, text, note or _mode_change(was, now))


def _lines_of_longer(was: File | None, now: File | None) -> int:
    return max(file.content.count(b"\n") + 1 for file in (was, now) if file)


def _mode_change(was: File | None, now: File | None) -> str:
    if was is None or now is None or was.executable == now.executable:
        return ""
    return "executable now" if now.executable else "not executable any more"


def _unified_diff(
    was: File | None, now: File | None, path: str, most_lines: int
) -> tuple[str, str]:
    """The unified diff and an empty note, or an empty diff and the reason."""
    try:
        old, new = _lines(was), _lines(now)
    except UnicodeDecodeError:
        return "", BINARY
    most_bytes = most_lines * BYTES_PER_LINE
    size = max(len(file.content) for file in (was, now) if file)
    if max(len(old), len(new)) > most_lines or size > most_bytes:
        return "", TOO_LONG
    names = (f"a/{path}" if was else "/dev/null", f"b/{path}" if now else "/dev/null")
    lines = difflib.unified_diff(old, new, *names, n=CONTEXT_LINES, lineterm="")
    return "".join(f"{line}\n" for line in lines), ""


def _lines(file: File | None) -> list[str]:
    """The lines of a text. Raises UnicodeDecodeError for binary content."""
    if file is None:
        return []
    if b"\0" in file.content:
        raise UnicodeDecodeError("utf-8", file.content, 0, 1, "NUL")
    lines = file.content.decode().split("\n")
    if not lines[-1]:
        return lines[:-1]
    return [*lines[:-1], f"{lines[-1]}\n\\ No newline at end of file"]
