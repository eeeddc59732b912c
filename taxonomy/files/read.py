"""Reading skills from folders, archives and uploads, without following any link.

Folders are opened relative to the descriptor of their parent (openat), so that a link
that replaces a folder meanwhile is not followed (TOCTOU). Only one descriptor is open
at a time, however deep a folder is.
"""

import os
import stat
from collections.abc import Callable, Container, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager, suppress
from errno import ELOOP, ENOENT, ENOTDIR
from itertools import islice, zip_longest
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from taxonomy.files.archives import MOST_FOLDERS, Entry, inner_path, opened
from taxonomy.files.gate import (
    DEFAULT_LIMITS,
    DEFAULT_SOURCE_LIMITS,
    LONGEST_PATH,
    File,
    Files,
    FilesRefused,
    FolderMissing,
    Limits,
    SourceLimits,
    SourceRefused,
    as_files,
    bundle_digest,
    changed_meanwhile,
    check_amounts,
    not_a_file,
    not_a_folder,
    require_files,
    too_long_path,
    too_many_folders,
    unreadable,
)

CHECKOUT_FOLDERS = frozenset({".git"})
"""Folders of a git checkout. They are ignored at the root of a skill, and everywhere
outside of skills."""
IGNORED_NAMES = frozenset({".DS_Store", "Thumbs.db", "__MACOSX"})
"""Files that macOS and Windows add to every folder that they display or pack."""
STAGING_PREFIX = ".skillfleet-aside-"
"""The name of a staging folder, which a write makes beside its target, begins so."""
IGNORED_PREFIXES = ("._", STAGING_PREFIX)


def is_ignored(name: str) -> bool:
    return name in IGNORED_NAMES or name.startswith(IGNORED_PREFIXES)


def is_part_of_skill(path: str) -> bool:
    """Whether a file or folder with this path, relative to the skill, is part of it."""
    parts = path.split("/")
    return parts[0] not in CHECKOUT_FOLDERS and not any(map(is_ignored, parts))


def may_hold_skills(path: str) -> bool:
    """Whether this folder of a source is searched for skills."""
    parts = path.split("/")
    return CHECKOUT_FOLDERS.isdisjoint(parts) and not any(map(is_ignored, parts))


FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
REMOVED_OR_REPLACED = frozenset({ENOENT, ENOTDIR, ELOOP})
"""The errors of open() when a file or folder was removed, or replaced by a link, since
it was listed."""


class ListedFile(NamedTuple):
    """A file, link or device, with its status at the time when it was listed."""

    path: str
    mode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: str, status: os.stat_result) -> "ListedFile":
        return cls(path, status.st_mode, status.st_size, status.st_mtime_ns)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)


def open_folder(root: Path | int, below: str = "") -> int:
    """A descriptor of the folder `below` the root; the caller closes it.

    Every part of `below` is opened relative to its parent. Raises OSError if one of
    them, or the root itself, is a link.
    """
    if isinstance(root, int):
        descriptor = os.open(".", FOLDER, dir_fd=root)
    else:
        descriptor = os.open(root, FOLDER)
    for part in filter(None, below.split("/")):
        parent = descriptor
        try:
            descriptor = os.open(part, FOLDER, dir_fd=parent)
        finally:
            os.close(parent)
    return descriptor


@contextmanager
def opened_folder(root: Path | int, below: str = "") -> Iterator[int]:
    descriptor = open_folder(root, below)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def walk(root: int, limit: int) -> Iterator[ListedFile]:
    """The files, links and devices of the skill in this folder and below it.

    Raises FilesRefused for more than `limit` folders, and for a folder that cannot be
    listed. Only the beginning of a folder with very many entries is listed: that is
    enough for the caller to refuse it.
    """
    stack, folders = [""], 0
    while stack:
        folder = stack.pop()
        folders += 1
        if folders > limit:
            raise FilesRefused([too_many_folders(limit)])
        if len(os.fsencode(folder)) > LONGEST_PATH:
            raise FilesRefused([too_long_path(folder)])
        subfolders, files = _list_skill_folder(root, folder, limit)
        stack += subfolders
        yield from files


def _list_skill_folder(
    root: int, folder: str, limit: int
) -> tuple[list[str], list[ListedFile]]:
    """The paths of the folders in `folder`, each with a final slash, and the rest.

    It lists at most 2 * limit + 2 entries: among these are more than `limit` folders
    or more than `limit` files, and either is refused.
    """
    subfolders, files = [], []
    with (
        errors_as_findings(folder),
        opened_folder(root, folder) as descriptor,
        os.scandir(descriptor) as entries,
    ):
        listed = islice(entries, 2 * limit + 2)
        for entry in sorted(listed, key=lambda entry: entry.name):
            path = f"{folder}{entry.name}"
            if not is_part_of_skill(path):
                continue
            if entry.is_dir(follow_symlinks=False):
                subfolders.append(f"{path}/")
            else:
                files.append(ListedFile.of(path, entry.stat(follow_symlinks=False)))
    return subfolders, files


def read_file(root: int, listed: ListedFile) -> File:
    """Raises FilesRefused if the file has changed since it was listed."""
    folder, _, name = listed.path.rpartition("/")
    with errors_as_findings(listed.path), opened_folder(root, folder) as descriptor:

        def opener(name: str, _: int) -> int:
            return os.open(name, FILE, dir_fd=descriptor)

        with open(name, "rb", opener=opener) as stream:
            status = os.fstat(stream.fileno())
            is_same = ListedFile.of(listed.path, status) == listed
            content = stream.read(listed.size + 1) if is_same else b""
    if not is_same or len(content) != listed.size:
        raise FilesRefused([changed_meanwhile(listed.path)])
    return File(listed.path, content, executable=bool(listed.mode & stat.S_IXUSR))


@contextmanager
def errors_as_findings(path: str) -> Iterator[None]:
    """Raise FilesRefused with a finding about the path instead of an OSError."""
    try:
        yield
    except OSError as error:
        if error.errno in REMOVED_OR_REPLACED:
            raise FilesRefused([changed_meanwhile(path)]) from error
        raise FilesRefused([unreadable(path, error.strerror or "")]) from error


def read_folder(
    path: Path, limits: Limits = DEFAULT_LIMITS, *, below: str = ""
) -> Files:
    """The files of the skill in `path`, or in the folder `below` it.

    Links are followed in `path`, except for its last part, but never in `below`.

    Raises `FolderMissing`, or `FilesRefused` with every problem: links, pipes and
    the like, findings of the gate, unreadable files, and files that change meanwhile.
    If the limits are exceeded, no file is read.
    """
    descriptor = _open(path, below)
    try:
        files = _read(descriptor, limits)
    finally:
        os.close(descriptor)
    return require_files(files, limits)


def _open(path: Path, below: str) -> int:
    """Open the folder. Raises FolderMissing or FilesRefused; the caller closes it."""
    with errors_as_findings(below):
        try:
            return open_folder(path, below)
        except FileNotFoundError:
            raise FolderMissing(path / below) from None
        except OSError as error:
            if error.errno in REMOVED_OR_REPLACED:
                raise FilesRefused([not_a_folder((path / below).name)]) from None
            raise


def _read(root: int, limits: Limits) -> Files:
    """Read all files below the descriptor, and check that none changed meanwhile."""
    listed_files = list(islice(walk(root, limits.files), limits.files + 1))
    problems = [not_a_file(each.path) for each in listed_files if not each.is_file]
    sizes = [(each.path, each.size) for each in listed_files]
    problems += check_amounts(sizes, limits)
    if problems:
        raise FilesRefused(problems)
    files = as_files(read_file(root, each) for each in listed_files)
    _require_unchanged(listed_files, list(walk(root, limits.files)))
    return files


def _require_unchanged(before: list[ListedFile], after: list[ListedFile]) -> None:
    """Raises FilesRefused if a file changed while the others were read.

    So files that were saved together are read together, or not at all.
    """
    for one, other in zip_longest(before, after):
        if one != other:
            raise FilesRefused([changed_meanwhile((one or other).path)])


def readable_digest(files: Iterable[File]) -> str:
    """The digest that `folder_digest` finds after these files were written.

    It leaves out ignored files, which `read_folder` does not read back.
    """
    return bundle_digest(file for file in files if is_part_of_skill(file.path))


def folder_digest(path: Path, limits: Limits) -> str | None:
    """The digest of the files in the folder; None if it cannot be read as a skill."""
    with suppress(FilesRefused, FolderMissing):
        return readable_digest(read_folder(path, limits))
    return None


SKILL_FILES = frozenset({"SKILL.md", "skill.md"})
"""A folder with one of these is a skill; those in folders below it are its files."""
LINKED = (
    "This is a link to a skill, and links are not followed: replace it with a copy."
)
TOO_DEEP = f"The folder is nested too deeply: at most {MOST_FOLDERS} levels."


class Skipped(NamedTuple):
    """A folder that is a skill or may contain skills, but was not read, and why."""

    path: str
    reason: str


class Identity(NamedTuple):
    """The device and inode of a folder, which are the same on every path to it."""

    device: int
    number: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Identity":
        return cls(status.st_dev, status.st_ino)


class Listing(NamedTuple):
    identity: Identity
    entries: int
    is_skill: bool
    folders: list[str]
    links: dict[str, Identity]
    """By path: the links that lead to a skill, and the identity of its folder."""


def find_skills(
    root: Path, limit: int, skipped: list[Skipped] | None = None
) -> Iterator[str]:
    """The paths of the skill folders below the root.

    Files and folders outside of skills are counted; more than `limit` raise
    SourceRefused. At the end `skipped` has the folders that could not be read, and the
    links to skills that have no other path. Raises OSError for the root alone.
    """
    skipped = [] if skipped is None else skipped
    with opened_folder(root) as descriptor:
        yield from SkillSearch(descriptor, limit, skipped).run()


class SkillSearch:
    """The depth-first search of `find_skills`; it does not enter skill folders."""

    def __init__(self, root: int, limit: int, skipped: list[Skipped]) -> None:
        self.root = root
        self.limit = limit
        self.skipped = skipped
        self.entries = 0
        self.skills: set[Identity] = set()
        self.links: dict[str, Identity] = {}

    def run(self) -> Iterator[str]:
        stack = [""]
        while stack:
            folder = stack.pop()
            if (listing := self._list(folder)) is None:
                continue
            if listing.is_skill:
                self.skills.add(listing.identity)
                yield folder
                continue
            if self.entries > self.limit:
                raise SourceRefused(f"More than {self.limit} files and folders.")
            stack += listing.folders
            self.links |= listing.links
        for path, identity in self.links.items():
            if identity not in self.skills:
                self.skipped.append(Skipped(path, LINKED))

    def _list(self, folder: str) -> Listing | None:
        """None if the folder is skipped."""
        if folder.count("/") >= MOST_FOLDERS:
            self.skipped.append(Skipped(folder, TOO_DEEP))
            return None
        try:
            listing = list_folder(self.root, folder, self.limit)
        except OSError as error:
            if not folder:
                raise
            reason = f"The folder cannot be read: {error.strerror}."
            self.skipped.append(Skipped(folder, reason))
            return None
        self.entries += listing.entries
        return listing


def list_folder(root: int, folder: str, limit: int) -> Listing:
    """List a folder of a source, up to one entry more than the limit."""
    with opened_folder(root, folder) as descriptor, os.scandir(descriptor) as scan:
        entries = list(islice(scan, limit + 1))
        prefix = f"{folder}/" if folder else ""
        return Listing(
            Identity.of(os.fstat(descriptor)),
            len(entries),
            not SKILL_FILES.isdisjoint(entry.name for entry in entries),
            [
                f"{prefix}{entry.name}"
                for entry in entries
                if entry.is_dir(follow_symlinks=False) and may_hold_skills(entry.name)
            ],
            {
                f"{prefix}{entry.name}": identity
                for entry in entries
                if entry.is_symlink()
                and (identity := linked_skill(entry.name, descriptor))
            },
        )


def linked_skill(name: str, folder: int) -> Identity | None:
    """The skill that the link leads to, if it does; none of its files is opened."""
    for skill_file in SKILL_FILES:
        with suppress(OSError):
            os.stat(f"{name}/{skill_file}", dir_fd=folder)
            return Identity.of(os.stat(name, dir_fd=folder))
    return None


MOST_SKIPPED = 20
"""An error names at most so many skipped folders."""


class SkillSource(Protocol):
    """A folder or archive of skills, each known by the path of its folder.

    The path is `""` if the source itself is one skill.
    """

    @property
    def folders(self) -> Sequence[str]: ...

    @property
    def skipped(self) -> Sequence[Skipped]:
        """Folders that were not read: their skills must not be taken for removed."""

    def read(self, folder: str) -> Files:
        """All files of one skill. Raises FilesRefused or SourceRefused."""

    def name_of(self, folder: str) -> str | None:
        """The last part of the folder's path; None for the root of an archive."""


@contextmanager
def open_source(
    path: Path, limits: SourceLimits = DEFAULT_SOURCE_LIMITS
) -> Iterator[SkillSource]:
    """A folder (also a git checkout) or an archive. Raises SourceRefused."""
    if os.path.isdir(path):
        yield FolderSource(path, limits)
        return
    with regular_file(path) as file, open_archive(file, limits) as source:
        yield source


def regular_file(path: Path) -> IO[bytes]:
    """Open a regular file for reading.

    Raises SourceRefused for a pipe or a device, at once: opening does not block.
    """
    try:
        file = open(path, "rb", opener=_open_without_blocking)  # noqa: SIM115
    except OSError as error:
        raise SourceRefused(f"{path}: {error.strerror}.") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise SourceRefused(f"{path} is neither a folder nor a file.")
    return file


def _open_without_blocking(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


@contextmanager
def open_archive(
    file: IO[bytes], limits: SourceLimits = DEFAULT_SOURCE_LIMITS
) -> Iterator["EntrySource"]:
    """The skills of an archive in a seekable file. Raises SourceRefused."""
    with opened(file, limits) as archive:
        yield EntrySource(archive.entries, archive.content, limits)


def uploaded_files(
    files: Files, limits: SourceLimits = DEFAULT_SOURCE_LIMITS
) -> "EntrySource":
    """The skills in files that a request contains one by one.

    Raises SourceRefused for unsafe paths, as in archives.
    """
    entries = [
        Entry(
            inner_path(file.path.encode()),
            len(file.content),
            offset=index,
            executable=file.executable,
        )
        for index, file in enumerate(files)
    ]
    contents = [file.content for file in files]
    return EntrySource(entries, lambda entry: contents[entry.offset], limits)


class EntrySource:
    """The skills in an archive or in uploaded files.

    Its entries have passed the checks of `archives`, as a whole.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        content: Callable[[Entry], bytes],
        limits: SourceLimits,
    ) -> None:
        entries = tuple(entries)
        self.limits = limits
        self.content = content
        self.skills: dict[str, list[Entry]] = {
            folder: [] for folder in sorted(skill_folders(entries))
        }
        require_skills(self.skills)
        for entry in entries:
            if (folder := first_in(folders_of(entry.path), self.skills)) is not None:
                self.skills[folder].append(entry)
        self.folders = tuple(self.skills)
        self.skipped: tuple[Skipped, ...] = ()

    def name_of(self, folder: str) -> str | None:
        return folder.rpartition("/")[2] or None

    def read(self, folder: str) -> Files:
        """All files of one skill. Their sizes are checked before any is unpacked."""
        prefix = len(folder) + 1 if folder else 0
        entries = [
            (path, entry)
            for entry in self.skills[folder]
            if is_part_of_skill(path := entry.path[prefix:])
        ]
        problems = [not_a_file(path) for path, entry in entries if not entry.is_file]
        sizes = [(path, entry.size) for path, entry in entries]
        problems += check_amounts(sizes, self.limits.skill)
        if problems:
            raise FilesRefused(problems)
        files = as_files(
            File(path, self.content(entry), entry.executable) for path, entry in entries
        )
        return require_files(files, self.limits.skill)


def skill_folders(entries: Iterable[Entry]) -> set[str]:
    """Folders that have a SKILL.md, but are not inside of another such folder."""
    split = (entry.path.rpartition("/") for entry in entries)
    folders = {
        folder
        for folder, _, name in split
        if name in SKILL_FILES and may_hold_skills(folder)
    }
    return {each for each in folders if first_in(folders_of(each), folders) is None}


def folders_of(path: str) -> Iterator[str]:
    """The folders above the path, the outermost first: `a/b/c` → ``, `a`, `a/b`."""
    if path:
        yield ""
    slash = path.find("/")
    while slash > 0:
        yield path[:slash]
        slash = path.find("/", slash + 1)


def first_in(paths: Iterable[str], collection: Container[str]) -> str | None:
    return next((path for path in paths if path in collection), None)


def require_skills(folders: Sized, skipped: Iterable[Skipped] = ()) -> None:
    """Raises SourceRefused if there are no skill folders."""
    if not folders:
        reasons = [f"{path}: {reason}" for path, reason in skipped]
        raise SourceRefused(" ".join(["There is no SKILL.md in it.", *reasons]))


class FolderSource:
    """The skills below a folder on disk. The folder may be a link, those in it not."""

    def __init__(self, root: Path, limits: SourceLimits) -> None:
        self.root = root.resolve()
        self.name = os.path.basename(os.path.abspath(root))
        self.limits = limits
        skipped: list[Skipped] = []
        try:
            self.folders = tuple(
                sorted(find_skills(self.root, limits.entries, skipped))
            )
        except OSError as error:
            raise SourceRefused(f"{root}: {error.strerror}.") from error
        self.skipped = tuple(sorted(skipped))
        require_skills(self.folders, self.skipped[:MOST_SKIPPED])

    def name_of(self, folder: str) -> str | None:
        return folder.rpartition("/")[2] or self.name or None

    def read(self, folder: str) -> Files:
        try:
            return read_folder(self.root, self.limits.skill, below=folder)
        except FolderMissing:
            raise FilesRefused([changed_meanwhile(folder)]) from None
