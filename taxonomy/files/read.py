"""Reading skills from folders, archives and uploads, without following any link.

Folders are opened relative to the descriptor of their parent (openat), so that a
link which is put in place meanwhile is not followed (TOCTOU). One descriptor at a
time is open, however deep a folder lies.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
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
"""The author's: at the root of a skill, and anywhere around skills."""
IGNORED_NAMES = frozenset({".DS_Store", "Thumbs.db", "__MACOSX"})
"""macOS and Windows put them into every folder that they show or pack."""
STAGING_PREFIX = ".skillfleet-aside-"
"""How the folder begins that a write makes beside its target."""
IGNORED_PREFIXES = ("._", STAGING_PREFIX)


def is_ignored(name: str) -> bool:
    return name in IGNORED_NAMES or name.startswith(IGNORED_PREFIXES)


def belongs(path: str) -> bool:
    """Whether what has this path within a skill is the skill's."""
    parts = path.split("/")
    return parts[0] not in CHECKOUT_FOLDERS and not any(map(is_ignored, parts))


def may_hold_skills(path: str) -> bool:
    """Whether skills are looked for in this folder of a source."""
    parts = path.split("/")
    return CHECKOUT_FOLDERS.isdisjoint(parts) and not any(map(is_ignored, parts))


FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
REMOVED_OR_REPLACED = frozenset({ENOENT, ENOTDIR, ELOOP})
"""The errors of open() when a file or folder was removed, or replaced by a link, since
it was listed."""


class Seen(NamedTuple):
    """What is no folder, as it was when it was looked at."""

    path: str
    mode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: str, status: os.stat_result) -> "Seen":
        return cls(path, status.st_mode, status.st_size, status.st_mtime_ns)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)


def open_folder(root: Path | int, below: str = "") -> int:
    """A descriptor, part by part from the root. OSError where a link is on the way,
    or is the root itself. Whoever opens it closes it."""
    if isinstance(root, int):
        descriptor = os.open(".", FOLDER, dir_fd=root)
    else:
        descriptor = os.open(root, FOLDER)
    for part in filter(None, below.split("/")):
        above = descriptor
        try:
            descriptor = os.open(part, FOLDER, dir_fd=above)
        finally:
            os.close(above)
    return descriptor


@contextmanager
def opened_folder(root: Path | int, below: str = "") -> Iterator[int]:
    descriptor = open_folder(root, below)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def walk(root: int, most: int) -> Iterator[Seen]:
    """Whatever belongs to the skill in this folder and is no folder.

    More than `most` folders raise `FilesRefused`, and so does what cannot be listed;
    of a folder that holds more entries the rest is not looked at.
    """
    waiting, folders = [""], 0
    while waiting:
        folder = waiting.pop()
        folders += 1
        if folders > most:
            raise FilesRefused([too_many_folders(most)])
        if len(os.fsencode(folder)) > LONGEST_PATH:
            raise FilesRefused([too_long_path(folder)])
        inner, others = _listed(root, folder, most)
        waiting += inner
        yield from others


def _listed(root: int, folder: str, most: int) -> tuple[list[str], list[Seen]]:
    """The paths of the folders in it, and the rest; no further than is refused."""
    inner, others = [], []
    with (
        refusing(folder),
        opened_folder(root, folder) as descriptor,
        os.scandir(descriptor) as entries,
    ):
        some = islice(entries, 2 * most + 2)
        for entry in sorted(some, key=lambda entry: entry.name):
            path = f"{folder}{entry.name}"
            if not belongs(path):
                continue
            if entry.is_dir(follow_symlinks=False):
                inner.append(f"{path}/")
            else:
                others.append(Seen.of(path, entry.stat(follow_symlinks=False)))
    return inner, others


def read_file(root: int, seen: Seen) -> File:
    """Raises FilesRefused unless it is still what was seen, and all of it is read."""
    folder, _, name = seen.path.rpartition("/")
    with refusing(seen.path), opened_folder(root, folder) as descriptor:

        def opener(name: str, _: int) -> int:
            return os.open(name, FILE, dir_fd=descriptor)

        with open(name, "rb", opener=opener) as stream:
            same = Seen.of(seen.path, os.fstat(stream.fileno())) == seen
            content = stream.read(seen.size + 1) if same else b""
    if not same or len(content) != seen.size:
        raise FilesRefused([changed_meanwhile(seen.path)])
    return File(seen.path, content, executable=bool(seen.mode & stat.S_IXUSR))


@contextmanager
def refusing(path: str) -> Iterator[None]:
    """What the system says of this path, as a finding about it."""
    try:
        yield
    except OSError as error:
        if error.errno in REMOVED_OR_REPLACED:
            raise FilesRefused([changed_meanwhile(path)]) from error
        raise FilesRefused([unreadable(path, error.strerror or "")]) from error


def read_folder(
    path: Path, limits: Limits = DEFAULT_LIMITS, *, below: str = ""
) -> Files:
    """The files in `path`, or in the folder `below` it; what belongs to no skill is
    left out. A path may lead through links, but neither end in one nor have one in
    `below`.

    Raises `FolderMissing`, or `FilesRefused` with every problem: links, pipes and
    the like, what the gate refuses, what cannot be read, and what changes meanwhile.
    Over the limits nothing is read.
    """
    descriptor = _open(path, below)
    try:
        files = _read(descriptor, limits)
    finally:
        os.close(descriptor)
    return require_files(files, limits)


def _open(path: Path, below: str) -> int:
    with refusing(below):
        try:
            return open_folder(path, below)
        except FileNotFoundError:
            raise FolderMissing(path / below) from None
        except OSError as error:
            if error.errno in REMOVED_OR_REPLACED:
                raise FilesRefused([not_a_folder((path / below).name)]) from None
            raise


def _read(root: int, limits: Limits) -> Files:
    found = list(islice(walk(root, limits.files), limits.files + 1))
    problems = [not_a_file(seen.path) for seen in found if not seen.is_file]
    problems += check_amounts([(seen.path, seen.size) for seen in found], limits)
    if problems:
        raise FilesRefused(problems)
    files = as_files(read_file(root, seen) for seen in found)
    _require_unchanged(found, list(walk(root, limits.files)))
    return files


def _require_unchanged(before: list[Seen], after: list[Seen]) -> None:
    """Files that were saved together come in together, or not at all."""
    for one, other in zip_longest(before, after):
        if one != other:
            raise FilesRefused([changed_meanwhile((one or other).path)])


def digest_of(files: Iterable[File]) -> str:
    """Of what is read again after they were written: what belongs to no skill is not
    counted."""
    return bundle_digest(file for file in files if belongs(file.path))


def folder_digest(path: Path, limits: Limits) -> str | None:
    """None: it cannot be read as a skill."""
    with suppress(FilesRefused, FolderMissing):
        return digest_of(read_folder(path, limits))
    return None


SKILL_FILES = frozenset({"SKILL.md", "skill.md"})
"""A folder with one of them is a skill; further ones below it are its files."""
LINKED = "It is a link to a skill, and links are not followed: put a copy in its place."
TOO_DEEP = f"It is nested too deeply: at most {MOST_FOLDERS} folders."


class Skipped(NamedTuple):
    """A folder that is a skill or may hold some, and was skipped."""

    path: str
    reason: str


class Identity(NamedTuple):
    """By which a folder is known on whatever path it is reached."""

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
    """Those that lead to a skill, and to which."""


def find_skills(
    root: Path, most: int, skipped: list[Skipped] | None = None
) -> Iterator[str]:
    """Skill folders below the root. What they hold is not counted, the rest is.

    At its end `skipped` has what could not be looked into, and links to skills
    that are not found on another path. Raises OSError for the root alone.
    """
    skipped = [] if skipped is None else skipped
    with opened_folder(root) as descriptor:
        yield from Search(descriptor, most, skipped).run()


class Search:
    def __init__(self, root: int, most: int, skipped: list[Skipped]) -> None:
        self.root = root
        self.most = most
        self.skipped = skipped
        self.seen = 0
        self.found: set[Identity] = set()
        self.links: dict[str, Identity] = {}

    def run(self) -> Iterator[str]:
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            if (listing := self._look(folder)) is None:
                continue
            if listing.is_skill:
                self.found.add(listing.identity)
                yield folder
                continue
            if self.seen > self.most:
                raise SourceRefused(f"More than {self.most} files and folders.")
            waiting += listing.folders
            self.links |= listing.links
        for path, identity in self.links.items():
            if identity not in self.found:
                self.skipped.append(Skipped(path, LINKED))

    def _look(self, folder: str) -> Listing | None:
        """None: it is skipped."""
        if folder.count("/") >= MOST_FOLDERS:
            self.skipped.append(Skipped(folder, TOO_DEEP))
            return None
        try:
            listing = listed(self.root, folder, self.most)
        except OSError as error:
            if not folder:
                raise
            reason = f"It cannot be looked into: {error.strerror}."
            self.skipped.append(Skipped(folder, reason))
            return None
        self.seen += listing.entries
        return listing


def listed(root: int, folder: str, most: int) -> Listing:
    with opened_folder(root, folder) as descriptor, os.scandir(descriptor) as found:
        entries = list(islice(found, most + 1))
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
                if entry.is_symlink() and (identity := linked(entry.name, descriptor))
            },
        )


def linked(name: str, folder: int) -> Identity | None:
    """The skill that a link leads to; nothing of it is opened."""
    for skill_file in SKILL_FILES:
        with suppress(OSError):
            os.stat(f"{name}/{skill_file}", dir_fd=folder)
            return Identity.of(os.stat(name, dir_fd=folder))
    return None


MOST_TOLD = 20


class SkillSource(Protocol):
    """Skills by the path of their folder, `""` for one that fills the source."""

    @property
    def folders(self) -> Sequence[str]: ...

    @property
    def skipped(self) -> Sequence[Skipped]:
        """Nothing is known of what these folders hold: it is not gone from them."""

    def read(self, folder: str) -> Files:
        """All files of one skill. Raises FilesRefused or SourceRefused."""

    def name_of(self, folder: str) -> str | None:
        """The folder's own name; None where it has none."""


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
    """A pipe or a device is not waited for. Raises SourceRefused."""
    try:
        file = open(path, "rb", opener=at_once)  # noqa: SIM115
    except OSError as error:
        raise SourceRefused(f"{path}: {error.strerror}.") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise SourceRefused(f"{path} is no folder and no file.")
    return file


def at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


@contextmanager
def open_archive(
    file: IO[bytes], limits: SourceLimits = DEFAULT_SOURCE_LIMITS
) -> Iterator["EntrySource"]:
    """An archive in a seekable file. Raises SourceRefused."""
    with opened(file, limits) as archive:
        yield EntrySource(archive.entries, archive.content, limits)


def sent_files(
    files: Files, limits: SourceLimits = DEFAULT_SOURCE_LIMITS
) -> "EntrySource":
    """Files with the paths that a request gives them. Raises SourceRefused."""
    entries = [
        Entry(
            inner_path(file.path.encode()),
            len(file.content),
            offset=place,
            executable=file.executable,
        )
        for place, file in enumerate(files)
    ]
    contents = [file.content for file in files]
    return EntrySource(entries, lambda entry: contents[entry.offset], limits)


class EntrySource:
    """Skills in a list of entries, which has been checked as a whole."""

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
        require_some(self.skills)
        for entry in entries:
            if (folder := first_of(above(entry.path), self.skills)) is not None:
                self.skills[folder].append(entry)
        self.folders = tuple(self.skills)
        self.skipped: tuple[Skipped, ...] = ()

    def name_of(self, folder: str) -> str | None:
        return folder.rpartition("/")[2] or None

    def read(self, folder: str) -> Files:
        """Sizes are looked at before anything is read."""
        cut = len(folder) + 1 if folder else 0
        found = [
            (entry.path[cut:], entry)
            for entry in self.skills[folder]
            if belongs(entry.path[cut:])
        ]
        problems = [not_a_file(name) for name, entry in found if not entry.is_file]
        problems += check_amounts(
            [(name, entry.size) for name, entry in found], self.limits.skill
        )
        if problems:
            raise FilesRefused(problems)
        files = as_files(
            File(name, self.content(entry), entry.executable) for name, entry in found
        )
        return require_files(files, self.limits.skill)


def skill_folders(entries: Iterable[Entry]) -> set[str]:
    """Folders with a SKILL.md, and with none in a folder above."""
    split = (entry.path.rpartition("/") for entry in entries)
    folders = {
        folder
        for folder, _, name in split
        if name in SKILL_FILES and may_hold_skills(folder)
    }
    return {each for each in folders if first_of(above(each), folders) is None}


def above(path: str) -> Iterator[str]:
    """The folders that hold it, the outermost first: `""` of whatever has a name."""
    if path:
        yield ""
    place = path.find("/")
    while place > 0:
        yield path[:place]
        place = path.find("/", place + 1)


def first_of(paths: Iterable[str], among: Iterable[str]) -> str | None:
    return next((path for path in paths if path in among), None)


def require_some(folders: Iterable[str], skipped: Iterable[Skipped] = ()) -> None:
    if not any(True for _ in folders):
        reasons = [f"{path}: {reason}" for path, reason in skipped]
        raise SourceRefused(" ".join(["There is no SKILL.md in it.", *reasons]))


class FolderSource:
    """Skills below a folder on disk, which alone may be a link."""

    def __init__(self, root: Path, limits: SourceLimits) -> None:
        self.root = root.resolve()
        self.name = os.path.basename(os.path.abspath(root))
        self.limits = limits
        skipped: list[Skipped] = []
        try:
            found = sorted(find_skills(self.root, limits.entries, skipped))
        except OSError as error:
            raise SourceRefused(f"{root}: {error.strerror}.") from error
        self.folders = tuple(found)
        self.skipped = tuple(sorted(skipped))
        require_some(self.folders, self.skipped[:MOST_TOLD])

    def name_of(self, folder: str) -> str | None:
        return folder.rpartition("/")[2] or self.name or None

    def read(self, folder: str) -> Files:
        try:
            return read_folder(self.root, self.limits.skill, below=folder)
        except FolderMissing:
            raise FilesRefused([changed_meanwhile(folder)]) from None
