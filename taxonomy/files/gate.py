"""The files of one skill as a value, and the publish gate that checks them.

The gate accepts only files that every client can download, unpack and store on any
disk.
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
        """The mode of the file in git: 100644 or 100755."""
        return "100755" if self.executable else "100644"

    @cached_property
    def blob_digest(self) -> str:
        """SHA-256 of the content, 64 hex digits."""
        return hashlib.sha256(self.content).hexdigest()


Files = tuple[File, ...]
"""The files of a skill, sorted by path, each path once."""


def as_files(files: Iterable[File]) -> Files:
    """The files sorted by path. The caller ensures that each path occurs once."""
    return tuple(sorted(files, key=lambda file: file.path))


def bundle_digest(files: Iterable[File]) -> str:
    """SHA-256 over path, blob digest and mode of each file, 64 hex digits.

    The order of the files does not matter.
    """
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
    # The security scan reads so much of each file, and of all files together.
    scanned_bytes: int = 1_000_000
    scanned_total_bytes: int = 2_000_000
    # So many labels of each kind are stored; the rest stays in the frontmatter.
    labels: int = 50


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class SourceLimits:
    """What a folder or an archive of many skills may hold."""

    skill: Limits = DEFAULT_LIMITS
    entries: int = 50_000
    """The most files and folders."""
    total_bytes: int = 512 * 2**20
    """The most bytes of an archive after unpacking."""
    ratio: int = 200
    """The largest ratio of unpacked to packed bytes (against zip bombs)."""


DEFAULT_SOURCE_LIMITS = SourceLimits()


class PackagingError(DocumentedError):
    """The files of the skill cannot be read, packed or written."""


class FilesRefused(PackagingError):
    """The files do not pass the publish gate."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(map(str, self.findings)))


class FolderMissing(PackagingError):
    """There is no such folder."""


class FolderOccupied(PackagingError):
    """The target has other content; nothing was replaced."""


class FolderLeft(PackagingError):
    """Files that a write could neither restore nor remove are kept; check them."""


class SourceRefused(PackagingError):
    """Nothing is imported from this source."""


FORBIDDEN = {"\\": "a backslash", ":": "a colon"}
# A USTAR header has room for a folder of 155 bytes and a name of 100.
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
"""The rules of the gate, as entries for the rule set."""


def check_files(files: Files, limits: Limits = DEFAULT_LIMITS) -> Findings:
    """All findings of the gate, each an error; () if the files may be published."""
    return (
        *check_amounts([(file.path, len(file.content)) for file in files], limits),
        *(finding for file in files for finding in _path_problems(file.path)),
        *_collisions(files),
        *_missing_skill_md(files),
    )


def require_files(files: Files, limits: Limits = DEFAULT_LIMITS) -> Files:
    """The files, if they pass the gate. Raises FilesRefused with every finding."""
    if findings := check_files(files, limits):
        raise FilesRefused(findings)
    return files


def _error(rule: str, path: str, message: str, remedy: str) -> Finding:
    return Finding(f"files.{rule}", Severity.ERROR, message, remedy, file=path[:300])


def not_a_file(path: str) -> Finding:
    message = "This is a link or a device, not a file"
    return _error("kind", path, message, "Replace it with a copy of the file.")


def not_a_folder(path: str) -> Finding:
    message = "This is a link or a file, not a folder"
    return _error("kind", path, message, "Replace it with a copy of the folder.")


def skipped_folder(path: str, reason: str) -> Finding:
    """The finding for a folder that may contain a skill, but was not read."""
    return _error("unread", path, reason.rstrip("."), "")


def changed_meanwhile(path: str) -> Finding:
    message = "The file or folder changed while it was read"
    return _error("changed", path, message, "Try again when nobody writes to it.")


def unreadable(path: str, reason: str) -> Finding:
    message = f"The file or folder cannot be read: {reason}"
    return _error(
        "unreadable", path, message, "Grant permission to read, or remove it."
    )


def too_long_path(path: str) -> Finding:
    message = "The path is too long for an archive"
    return _error("path-length", path, message, "Shorten names or folders.")


def too_many_folders(limit: int) -> Finding:
    message = f"More than {limit} folders"
    return _error("count", "", message, "Split the skill or drop folders.")


def check_amounts(
    sizes: Sequence[tuple[str, int]], limits: Limits = DEFAULT_LIMITS
) -> Findings:
    """The checks of the gate that need only (path, bytes) of each file."""
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
        yield _error("path", path, "The path has a part named '.' or '..'", remedy)
    if any(segment.casefold() == ".git" for segment in segments):
        message = "The path is in a .git folder; Git may run programs from it (hooks)"
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
    """Whether a USTAR header can hold the path, whole or cut at one of its slashes."""
    encoded = path.encode("utf-8", "surrogatepass")
    if len(encoded) <= USTAR_NAME:
        return True
    slashes = [at for at, byte in enumerate(encoded) if byte == ord("/")]
    return any(
        slash <= USTAR_FOLDER and 1 <= len(encoded) - slash - 1 <= USTAR_NAME
        for slash in slashes
    )


def _collisions(files: Files) -> Iterator[Finding]:
    """Paths that are equal on a disk that ignores case or normalises Unicode.

    Folders may collide with each other, files with each other, and files with folders.
    """
    folders: dict[str, str] = {}
    paths: dict[str, str] = {}
    for file in files:
        for folder in _folders(file.path):
            other = folders.setdefault(folded(folder), folder)
            if other != folder:
                yield _collision(file.path, other)
        if other := paths.get(folded(file.path), ""):
            yield _collision(file.path, other)
        paths.setdefault(folded(file.path), file.path)
    for key, path in paths.items():
        if folder := folders.get(key, ""):
            yield _collision(path, f"{folder}/")


def _collision(path: str, other: str) -> Finding:
    message = f"On some disks this path is the same as {other!r}"
    return _error("collision", path, message, "Rename one of the two.")


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", path).casefold())


def _missing_skill_md(files: Files) -> Iterator[Finding]:
    if any(file.path == "SKILL.md" for file in files):
        return
    if misspelt := [file.path for file in files if is_skill_file(file.path)]:
        yield misspelt_skill_md(misspelt[0])
        return
    message = "There is no SKILL.md at the root"
    remedy = "Put a file named exactly SKILL.md at the root of the skill."
    yield _error("skill-md", "SKILL.md", message, remedy)


def is_skill_file(name: str) -> bool:
    """Whether a file with this name is, or is meant to be, the SKILL.md of its folder.

    On disks that ignore case `Skill.md` works, so that its author sees no mistake.
    """
    return folded(name).rstrip(". ") == "skill.md"


def misspelt_skill_md(path: str) -> Finding:
    name = path.rpartition("/")[2]
    message = f"Clients do not read a file named {name!r}: spell it SKILL.md"
    return _error("skill-md", path, message, "Rename the file to SKILL.md.")
