"""The files of one skill as a value, and the publish gate that checks them.

The gate accepts what every client can download, unpack and keep on any disk.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from core.errors import DocumentedError
from taxonomy.skillmd.findings import Finding, Findings, Rule, Severity


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


class PackagingError(DocumentedError):
    """The skill cannot be packed."""


class FilesRefused(PackagingError):
    """The files do not pass the publish gate."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(map(str, self.findings)))


class FolderMissing(PackagingError):
    """There is no such folder."""


class FolderOccupied(PackagingError):
    """The target holds something else; it is only replaced when told so."""


class FolderLeft(PackagingError):
    """Files that a write could neither restore nor remove are kept for you to check."""


class SourceRefused(PackagingError):
    """Nothing is imported from this source."""


FORBIDDEN = {"\\": "a backslash", ":": "a colon"}
# A USTAR header has room for a name of 100 bytes behind a folder of 155.
USTAR_NAME, USTAR_FOLDER = 100, 155
LONGEST_PATH = USTAR_FOLDER + 1 + USTAR_NAME
RULES = (
    Rule("files.kind"),
    Rule("files.unread"),
    Rule("files.changed"),
    Rule("files.unreadable"),
    Rule("files.count"),
    Rule("files.total-size"),
    Rule("files.size"),
    Rule("files.path", parameters=(sorted(FORBIDDEN),)),
    Rule("files.path-length", parameters=(USTAR_NAME, USTAR_FOLDER)),
    Rule("files.collision"),
    Rule("files.skill-md"),
)
"""For the list of all rules."""


def check_files(files: Files, limits: Limits = DEFAULT_LIMITS) -> Findings:
    """Every problem, all of severity error; () may be published."""
    return (
        *check_amounts([(file.path, len(file.content)) for file in files], limits),
        *(finding for file in files for finding in _path_problems(file.path)),
        *_collisions(files),
        *_root(files),
    )


def require_files(files: Files, limits: Limits = DEFAULT_LIMITS) -> Files:
    """The files, when they pass; else `FilesRefused` with every finding."""
    if findings := check_files(files, limits):
        raise FilesRefused(findings)
    return files


def _error(rule: str, path: str, message: str, remedy: str) -> Finding:
    return Finding(f"files.{rule}", Severity.ERROR, message, remedy, file=path[:300])


def not_a_file(path: str) -> Finding:
    message = "It is a link or a device, not a file"
    return _error("kind", path, message, "Put a copy of the file in its place.")


def not_a_folder(path: str) -> Finding:
    message = "It is a link or a file, not a folder"
    return _error("kind", path, message, "Put a copy of the folder in its place.")


def skipped_folder(path: str, reason: str) -> Finding:
    return _error("unread", path, reason.rstrip("."), "")


def changed_meanwhile(path: str) -> Finding:
    message = "It changed while it was read"
    return _error("changed", path, message, "Try again when nobody writes to it.")


def unreadable(path: str, why: str) -> Finding:
    message = f"It cannot be read: {why}"
    return _error("unreadable", path, message, "Give the right to read it, or drop it.")


def too_long_path(path: str) -> Finding:
    message = "The path is too long for an archive"
    return _error("path-length", path, message, "Shorten names or folders.")


def too_many_folders(most: int) -> Finding:
    message = f"More than {most} folders"
    return _error("count", "", message, "Split the skill or drop folders.")


def check_amounts(
    sizes: Sequence[tuple[str, int]], limits: Limits = DEFAULT_LIMITS
) -> Findings:
    """The part of the gate that needs no content: (path, bytes) of each file."""
    return tuple(_amounts(sizes, limits))


def _amounts(sizes: Sequence[tuple[str, int]], limits: Limits) -> Iterator[Finding]:
    if len(sizes) > limits.files:
        message = f"{len(sizes)} files, at most {limits.files}"
        yield _error("count", "", message, "Split the skill or drop files.")
    if (total := sum(size for _, size in sizes)) > limits.total_bytes:
        message = f"{total} bytes in all, at most {limits.total_bytes}"
        yield _error("total-size", "", message, "Drop large files.")
    for path, size in sizes:
        if size > limits.file_bytes:
            message = f"{size} bytes, at most {limits.file_bytes}"
            yield _error("size", path, message, "Make the file smaller.")


def _path_problems(path: str) -> Iterator[Finding]:
    remedy = "Use a relative path with / between folders, such as references/api.md."
    segments = path.split("/")
    if "" in segments:
        message = "The path is empty, absolute, or has an empty part"
        yield _error("path", path, message, remedy)
    if {".", ".."} & set(segments):
        yield _error("path", path, "The path has a part . or ..", remedy)
    if any(segment.casefold() == ".git" for segment in segments):
        message = "The path is inside a .git folder, which can run programs"
        yield _error("path", path, message, "Leave the .git folder out.")
    for character, name in FORBIDDEN.items():
        if character in path:
            yield _error("path", path, f"The path holds {name}", remedy)
    if bad := next((c for c in path if unicodedata.category(c) in ("Cc", "Cs")), ""):
        message = f"The path holds the character U+{ord(bad):04X}"
        yield _error("path", path, message, remedy)
    if not _fits_ustar(path):
        yield too_long_path(path)


def _fits_ustar(path: str) -> bool:
    name = path.encode("utf-8", "surrogatepass")
    if len(name) <= USTAR_NAME:
        return True
    cuts = [at for at in range(len(name)) if name[at : at + 1] == b"/"]
    return any(
        cut <= USTAR_FOLDER and 1 <= len(name) - cut - 1 <= USTAR_NAME for cut in cuts
    )


def _collisions(files: Files) -> Iterator[Finding]:
    """Paths that are one on a disk that folds case or normalises Unicode."""
    spelt: dict[str, str] = {}
    taken: dict[str, str] = {}
    for file in files:
        for folder in _folders(file.path):
            other = spelt.setdefault(_folded(folder), folder)
            if other != folder:
                yield _collision(file.path, other)
        if other := taken.get(_folded(file.path), ""):
            yield _collision(file.path, other)
        taken.setdefault(_folded(file.path), file.path)
    for folded, path in taken.items():
        if folder := spelt.get(folded, ""):
            yield _collision(path, f"{folder}/")


def _collision(path: str, other: str) -> Finding:
    message = f"On some disks this path is the same as {other!r}"
    return _error("collision", path, message, "Rename one of the two.")


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", path).casefold())


def _root(files: Files) -> Iterator[Finding]:
    if not any(file.path == "SKILL.md" for file in files):
        message = "There is no SKILL.md at the root"
        remedy = "Put SKILL.md, spelt so, beside the skill's folders."
        yield _error("skill-md", "SKILL.md", message, remedy)
