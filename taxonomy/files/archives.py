"""Zip and tar archives: written reproducibly, and read without being extracted.

The readers are our own, because they read what strangers send: `tarfile` has no bounds
of memory (a tar of 9 MB takes 1 GB) and silently ends at a damaged header
(docs/why/dependencies.md has the measurements).
"""

import bz2
import gzip
import io
import os
import re
import stat
import struct
import tarfile
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, Protocol, cast

from taxonomy.files.gate import File, Files, SourceLimits, SourceRefused

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold."""
MADE_ON_UNIX = 3
COMPRESSION = 9


@dataclass(frozen=True)
class Form:
    """A kind of archive. `write` takes files one at a time, as they come."""

    suffix: str
    media_type: str
    write: Callable[[Iterable[File], IO[bytes]], None]

    def packed(self, files: Files) -> bytes:
        """The bytes of an archive of one skill, with SKILL.md at its root."""
        archive = io.BytesIO()
        self.write(files, archive)
        return archive.getvalue()


def write_zip(files: Iterable[File], into: IO[bytes]) -> None:
    with zipfile.ZipFile(into, "w") as target:
        for file in files:
            entry = zipfile.ZipInfo(file.path, EPOCH)
            entry.create_system = MADE_ON_UNIX
            entry.external_attr = int(file.mode, 8) << 16
            target.writestr(entry, file.content, zipfile.ZIP_DEFLATED, COMPRESSION)


def write_tar_gz(files: Iterable[File], into: IO[bytes]) -> None:
    """A gzipped tar without times and owners; PAX only for what USTAR cannot name."""
    with (
        gzip.GzipFile("", "wb", COMPRESSION, into, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as target,
    ):
        for file in files:
            target.addfile(tar_entry(file), io.BytesIO(file.content))


def tar_entry(file: File) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(file.path)
    entry.size = len(file.content)
    entry.mode = int(file.mode, 8) & 0o777
    return entry


FORMS: Mapping[str, Form] = {
    "zip": Form("zip", "application/zip", write_zip),
    "tar.gz": Form("tar.gz", "application/gzip", write_tar_gz),
}


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


BLOCK = 512
MOST_HEADER_BYTES = 65_536
FILE, FOLDER = (b"0", b"\0", b"7"), b"5"
NOT_FILES = (b"1", b"2", b"3", b"4", b"6")
PAX, PAX_FOR_ALL, LONG_NAME, LONG_LINK = b"x", b"g", b"L", b"K"
MEANT_FOR_ONE = frozenset({"path", "size", "linkpath"})


class Tar:
    """A tar in a seekable file. Raises SourceRefused unless all of it is plain."""

    def __init__(self, file: IO[bytes], limits: SourceLimits) -> None:
        self.file = file
        self.limits = limits
        self.size = file.seek(0, os.SEEK_END)
        self.entries = tuple(self._list())

    def content(self, entry: Entry) -> bytes:
        self.file.seek(entry.offset)
        found = self.file.read(entry.size)
        if len(found) != entry.size:
            raise SourceRefused(f"{entry.path} was cut off while the tar was read.")
        return found

    def _list(self) -> Iterator[Entry]:
        place, headers = 0, 0
        told: dict[str, bytes] = {}
        while (block := self._block(place)).strip(b"\0"):
            headers += 1
            if headers > self.limits.entries:
                raise SourceRefused(f"More than {self.limits.entries} entries.")
            check_sum(block)
            kind, size = block[156:157], number(block[124:136])
            size = int(told["size"]) if kind in FILE and "size" in told else size
            start = place + BLOCK
            place = start + -(-size // BLOCK) * BLOCK
            if start + size > self.size:
                raise SourceRefused("The tar is cut off, or a size in it is wrong.")
            if kind in (PAX, PAX_FOR_ALL, LONG_NAME, LONG_LINK):
                told |= self._told(kind, start, size)
                continue
            if entry := entry_of(block, kind, size, start, told.get("path")):
                yield entry
            told = {}

    def _block(self, place: int) -> bytes:
        self.file.seek(place)
        block = self.file.read(BLOCK)
        if len(block) < BLOCK:
            raise SourceRefused("The tar is cut off: its end mark is missing.")
        return block

    def _told(self, kind: bytes, start: int, size: int) -> dict[str, bytes]:
        """What a header says of the entry behind it: its path, its size."""
        if size > MOST_HEADER_BYTES:
            raise SourceRefused(f"A header of {size} bytes.")
        self.file.seek(start)
        body = self.file.read(size)
        if kind in (LONG_NAME, LONG_LINK):
            return {"path": body.rstrip(b"\0")} if kind == LONG_NAME else {}
        records = dict(pax_records(body))
        if any(key.startswith("GNU.sparse") for key in records):
            raise SourceRefused("Sparse files are not read here.")
        if kind == PAX_FOR_ALL:
            if MEANT_FOR_ONE & records.keys():
                raise SourceRefused("One path or size is given to all files.")
            return {}
        if "size" in records:
            check_digits(records["size"])
        return records


def entry_of(
    block: bytes, kind: bytes, size: int, start: int, path: bytes | None
) -> Entry | None:
    """None: a folder."""
    raw = path if path is not None else short_path(block)
    name = inner_path(raw)
    is_folder = kind == FOLDER or (kind in FILE and raw.endswith(b"/"))
    if kind not in (*FILE, FOLDER, *NOT_FILES):
        raise SourceRefused(f"{name}: entries of type {kind!r} are not read here.")
    if size and (is_folder or kind in NOT_FILES):
        raise SourceRefused(f"{name} is no file, and has content.")
    if is_folder:
        return None
    executable = bool(number(block[100:108]) & 0o100)
    return Entry(name, size, start, executable, is_file=kind in FILE)


def short_path(block: bytes) -> bytes:
    """The name, behind its folder where ustar has room for one."""
    name = block[:100].split(b"\0")[0]
    folder = block[345:500].split(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    return b"/".join(filter(None, (folder, name)))


def check_sum(block: bytes) -> None:
    """Of the header, its own field taken for spaces; some tools sum signed bytes."""
    found = block[:148] + b" " * 8 + block[156:]
    total = sum(found)
    signed = total - 256 * sum(byte > 127 for byte in found)
    if number(block[148:156]) not in (total, signed):
        raise SourceRefused("It is no archive, or damaged: a checksum is wrong.")


def number(field: bytes) -> int:
    """Octal digits; GNU writes what is too large for them in base 256."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:])
    digits = field.split(b"\0")[0].strip()
    try:
        found = int(digits or b"0", 8)
    except ValueError:
        found = -1
    if found < 0:
        raise SourceRefused(f"It is damaged: {field!r} is not a number.")
    return found


def check_digits(text: bytes) -> None:
    if not (text.isdigit() and len(text) <= 15):
        raise SourceRefused(f"It is damaged: {text[:40]!r} is not a size.")


def pax_records(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Each is `length key=value\\n`, and the length counts all of it."""
    place = 0
    while place < len(body):
        space = body.find(b" ", place, place + 6)
        length = body[place:space] if space > 0 else b""
        end = place + int(length) if length.isdigit() else 0
        record = body[space + 1 : end]
        key, equals, value = record.partition(b"=")
        if end <= space or end > len(body) or not equals or value[-1:] != b"\n":
            raise SourceRefused("It is damaged: a pax header cannot be read.")
        if len(value) > MOST_PATH_BYTES and key == b"path":
            raise SourceRefused(f"A path of {len(value)} bytes.")
        yield key.decode(errors="replace"), value[:-1]
        place = end


END = struct.Struct("<4s4H2LH")
CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
LONGEST_COMMENT = 0xFFFF
ZIP64 = 0xFFFFFFFF
ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13
STORED, DEFLATED = 0, 8
UNIX = (3, 19)
"""Systems, one of them macOS, whose attributes are modes."""
SMALL = 2**20
"""Up to so many bytes any ratio is harmless."""

SLACK = 1024


class Zip:
    """A zip in a seekable file. Raises SourceRefused unless all of it is plain."""

    def __init__(self, file: IO[bytes], limits: SourceLimits) -> None:
        self.file = file
        self.limits = limits
        self.names: dict[int, bytes] = {}
        self.count, self.start, self.end = self._find_directory()
        if self.count > limits.entries:
            raise SourceRefused(f"{self.count} entries, at most {limits.entries}.")
        self.entries = tuple(self._list())
        self._check_amounts()
        self._check_places()

    def content(self, entry: Entry) -> bytes:
        """The bytes of a file, which are as many as the directory says."""
        packed = self._packed(entry)
        found = packed
        if entry.method == DEFLATED:
            unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                found = unpacking.decompress(packed, entry.size + 1)
            except zlib.error as error:
                raise SourceRefused(f"{entry.path} is damaged: {error}.") from None
        if len(found) != entry.size or zlib.crc32(found) != entry.crc:
            raise SourceRefused(f"{entry.path} is not what the directory says.")
        return found

    def _packed(self, entry: Entry) -> bytes:
        self.file.seek(entry.offset)
        header = self.file.read(LOCAL.size)
        if len(header) < LOCAL.size or header[:4] != b"PK\x03\x04":
            raise SourceRefused(f"There is no file where {entry.path} should be.")
        *_, name_length, extra_length = LOCAL.unpack(header)
        if self.file.read(name_length) != self.names[entry.offset]:
            raise SourceRefused(f"{entry.path} has another name inside.")
        self.file.seek(extra_length, os.SEEK_CUR)
        return self.file.read(entry.packed)

    def _find_directory(self) -> tuple[int, int, int]:
        """(entries, first byte, byte behind the last) of the central directory."""
        size = self.file.seek(0, os.SEEK_END)
        self.file.seek(max(0, size - END.size - LONGEST_COMMENT))
        first = self.file.tell()
        tail = self.file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) - at < END.size:
            raise SourceRefused("The zip is cut off: its directory is missing.")
        _, disk, first_disk, here, count, length, start, comment = END.unpack_from(
            tail, at
        )
        if at + END.size + comment != len(tail) or disk or first_disk or here != count:
            raise SourceRefused("The zip has several parts, or bytes behind its end.")
        if ZIP64 in (length, start) or count == 0xFFFF:
            raise SourceRefused("Zip64 is not read here; it is for larger archives.")
        if start + length != first + at:
            raise SourceRefused("The zip's directory is not where it should be.")
        return count, start, start + length

    def _list(self) -> Iterator[Entry]:
        self.file.seek(self.start)
        for _ in range(self.count):
            header = self.file.read(CENTRAL.size)
            if len(header) < CENTRAL.size or header[:4] != b"PK\x01\x02":
                raise SourceRefused("The zip's directory is damaged.")
            if entry := self._entry(CENTRAL.unpack(header)):
                yield entry
        if self.file.tell() != self.end:
            raise SourceRefused("The zip's directory has more than it counts.")

    def _entry(self, fields: tuple[int, ...]) -> Entry | None:
        """None: a folder."""
        _, made_by, _, flags, method, _, _, crc, packed, size, *rest = fields
        name_length, extra_length, comment_length, _, _, attributes, offset = rest
        if name_length > MOST_PATH_BYTES:
            raise SourceRefused(f"A path of {name_length} bytes.")
        raw = self.file.read(name_length)
        self.file.seek(extra_length + comment_length, os.SEEK_CUR)
        path = inner_path(raw)
        mode = attributes >> 16 if made_by >> 8 in UNIX else 0
        kind = stat.S_IFMT(mode)
        if flags & ENCRYPTED:
            raise SourceRefused(f"{path} is encrypted.")
        if ZIP64 in (packed, size, offset):
            raise SourceRefused("Zip64 is not read here; it is for larger archives.")
        if offset in self.names:
            raise SourceRefused(f"{path} shares its bytes with another entry.")
        self.names[offset] = raw
        if raw.endswith(b"/") or kind == stat.S_IFDIR:
            return None
        if method not in (STORED, DEFLATED):
            raise SourceRefused(f"{path}: compression method {method}; use deflate.")
        return Entry(
            path,
            size,
            offset,
            executable=bool(mode & stat.S_IXUSR),
            is_file=kind in (0, stat.S_IFREG),
            packed=packed,
            method=method,
            crc=crc,
        )

    def _check_amounts(self) -> None:
        total = 0
        for entry in self.entries:
            total += entry.size
            if total > self.limits.total_bytes:
                most = self.limits.total_bytes
                raise SourceRefused(f"Unpacked it has more than {most} bytes.")
            if entry.size > max(SMALL, entry.packed * self.limits.ratio):
                raise SourceRefused(
                    f"{entry.path} is more than {self.limits.ratio} times larger "
                    "unpacked than packed."
                )
            if entry.packed > 2 * entry.size + SLACK:
                raise SourceRefused(f"{entry.path} is smaller unpacked than packed.")

    def _check_places(self) -> None:
        """Every file has its own bytes, all of them before the directory."""
        spans = sorted(
            (entry.offset, entry.offset + LOCAL.size + entry.packed, entry.path)
            for entry in self.entries
        )
        for (_, end, path), (start, _, _) in pairwise([*spans, (self.start, 0, "")]):
            if end > start:
                raise SourceRefused(f"{path} shares its bytes with another entry.")


CHUNK = 2**18
GZIP, BZIP2, XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ"


class Archive(Protocol):
    """What a zip and a tar have in common."""

    entries: tuple[Entry, ...]

    def content(self, entry: Entry) -> bytes: ...


@contextmanager
def opened(file: IO[bytes], limits: SourceLimits) -> Iterator[Archive]:
    """The archive in a seekable file; a packed tar is unpacked on disk meanwhile.

    Raises SourceRefused, also for what is no archive.
    """
    file.seek(0)
    start = file.read(BLOCK)
    file.seek(0)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        yield Zip(file, limits)
    elif start.startswith((GZIP, BZIP2)):
        with tempfile.TemporaryFile() as unpacked:
            unpack(file, unpacked, start.startswith(GZIP), limits)
            yield Tar(unpacked, limits)
    elif start.startswith(XZ):
        raise SourceRefused("It is packed by xz; pack it by gzip.")
    elif len(start) == BLOCK:
        yield Tar(file, limits)
    else:
        raise SourceRefused("It is no zip and no tar.")


def unpack(
    packed: IO[bytes], into: IO[bytes], is_gzip: bool, limits: SourceLimits
) -> None:
    """A piece at a time, and no further than the limits."""
    most = limits.total_bytes
    by_ratio = max(SMALL, packed.seek(0, os.SEEK_END) * limits.ratio)
    packed.seek(0)
    stream = gzip.GzipFile(fileobj=packed) if is_gzip else bz2.BZ2File(packed)
    with cast(IO[bytes], stream):
        try:
            while piece := stream.read(CHUNK):
                into.write(piece)
                if into.tell() > most:
                    raise SourceRefused(f"Unpacked it has more than {most} bytes.")
                if into.tell() > by_ratio:
                    raise SourceRefused(
                        f"It is more than {limits.ratio} times larger unpacked than "
                        "packed."
                    )
        except (EOFError, OSError, ValueError, zlib.error) as error:
            raise SourceRefused(f"It is cut off or damaged: {error}.") from None
