"""Zip and tar archives are written reproducibly, and read without extracting them.

Both readers refuse a whole archive if a path leads out of it, if entries overlap or are
encrypted, or if sizes do not match (zip bombs).

The readers are our own, because archives come from strangers: `tarfile` has no memory
limit (a tar of 9 MB takes 1 GB) and silently ends at a damaged header
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
"""The earliest time that a zip can store."""
MADE_ON_UNIX = 3
COMPRESSION = 9


@dataclass(frozen=True)
class Form:
    """A format of archives. `write` takes an iterator, to save memory."""

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
    """A gzipped tar without times and owners.

    PAX headers are only used for paths that a USTAR header cannot hold.
    """
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
    """A file, link or device in an archive. Its content has not been read yet."""

    path: str
    size: int
    """The size in bytes, unpacked."""
    offset: int
    """The position from which the reader reads it."""
    executable: bool = False
    is_file: bool = True
    """False: a link, a device or a pipe."""
    packed: int = 0
    """In zips only, as the next two: the size in bytes, packed."""
    method: int = 0
    crc: int = 0


def check_path_length(count: int) -> None:
    """Raises SourceRefused if a path has too many bytes."""
    if count > MOST_PATH_BYTES:
        raise SourceRefused(
            f"A path in the archive has {count} bytes; at most {MOST_PATH_BYTES} are"
            " allowed."
        )


def inner_path(raw: bytes) -> str:
    """The path within the archive, without a final slash; empty for the root.

    Raises SourceRefused for a path that leads out of the archive, or that tools read
    in different ways: honest archives have no such paths.
    """
    check_path_length(len(raw))
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
    """The end of a sentence that says what is wrong with the path; or empty."""
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
PER_ENTRY = frozenset({"path", "size", "linkpath"})
"""PAX keys that make no sense in a header for all entries."""


class Tar:
    """A tar in a seekable file.

    Raises SourceRefused for damaged, sparse or unsafe entries. `tarfile` is more
    tolerant, and would read some archives differently than other tools.
    """

    def __init__(self, file: IO[bytes], limits: SourceLimits) -> None:
        self.file = file
        self.limits = limits
        self.size = file.seek(0, os.SEEK_END)
        self.entries = tuple(self._list())

    def content(self, entry: Entry) -> bytes:
        self.file.seek(entry.offset)
        content = self.file.read(entry.size)
        if len(content) != entry.size:
            raise SourceRefused(f"{entry.path} was cut off while the tar was read.")
        return content

    def _list(self) -> Iterator[Entry]:
        """Read all headers, up to a block of zeros.

        An extended header (PAX or GNU) overrides path or size of the next entry.
        """
        offset, headers = 0, 0
        overrides: dict[str, bytes] = {}
        while (block := self._block(offset)).strip(b"\0"):
            headers += 1
            if headers > self.limits.entries:
                raise SourceRefused(f"More than {self.limits.entries} entries.")
            verify_checksum(block)
            kind, size = block[156:157], number(block[124:136])
            if kind in FILE and "size" in overrides:
                size = int(overrides["size"])
            start = offset + BLOCK
            padding = -size % BLOCK  # content is filled up to a whole block
            offset = start + size + padding
            if start + size > self.size:
                raise SourceRefused("The tar is cut off, or a size in it is wrong.")
            if kind in (PAX, PAX_FOR_ALL, LONG_NAME, LONG_LINK):
                overrides |= self._extended_header(kind, start, size)
                continue
            if entry := entry_of(block, kind, size, start, overrides.get("path")):
                yield entry
            overrides = {}

    def _block(self, offset: int) -> bytes:
        self.file.seek(offset)
        block = self.file.read(BLOCK)
        if len(block) < BLOCK:
            raise SourceRefused("The tar is cut off: its end mark is missing.")
        return block

    def _extended_header(self, kind: bytes, start: int, size: int) -> dict[str, bytes]:
        """The path and size for the next entry; other keys are ignored."""
        if size > MOST_HEADER_BYTES:
            raise SourceRefused(
                f"A header in the archive has {size} bytes; at most {MOST_HEADER_BYTES}"
                " are allowed."
            )
        self.file.seek(start)
        body = self.file.read(size)
        if kind in (LONG_NAME, LONG_LINK):
            return {"path": body.rstrip(b"\0")} if kind == LONG_NAME else {}
        records = dict(pax_records(body))
        if any(key.startswith("GNU.sparse") for key in records):
            raise SourceRefused("Sparse files are not supported.")
        if kind == PAX_FOR_ALL:
            if PER_ENTRY & records.keys():
                raise SourceRefused(
                    "A header gives the same path or size to all files."
                )
            return {}
        if "size" in records:
            check_digits(records["size"])
        return records


def entry_of(
    block: bytes, kind: bytes, size: int, start: int, path: bytes | None
) -> Entry | None:
    """The entry of a header; None for a folder. `path` overrides the header's path.

    Raises SourceRefused for unknown types, and for folders and links with content.
    """
    raw = path if path is not None else header_path(block)
    name = inner_path(raw)
    is_folder = kind == FOLDER or (kind in FILE and raw.endswith(b"/"))
    if kind not in (*FILE, FOLDER, *NOT_FILES):
        raise SourceRefused(f"{name}: entries of type {kind!r} are not supported.")
    if size and (is_folder or kind in NOT_FILES):
        raise SourceRefused(f"{name} is not a file, but has content.")
    if is_folder:
        return None
    executable = bool(number(block[100:108]) & 0o100)
    return Entry(name, size, start, executable, is_file=kind in FILE)


def header_path(block: bytes) -> bytes:
    """The path in a header: the name, and in USTAR headers the folder before it."""
    name = block[:100].split(b"\0")[0]
    folder = block[345:500].split(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    return b"/".join(filter(None, (folder, name)))


def verify_checksum(block: bytes) -> None:
    """Raises SourceRefused unless the header's checksum is right.

    It is the sum of the header's bytes, with spaces in the checksum's own field; some
    tools sum signed bytes.
    """
    header = block[:148] + b" " * 8 + block[156:]
    total = sum(header)
    signed = total - 256 * sum(byte > 127 for byte in header)
    if number(block[148:156]) not in (total, signed):
        raise SourceRefused("It is no archive, or damaged: a checksum is wrong.")


def number(field: bytes) -> int:
    """The number in a field: octal digits, or base 256 as GNU tar writes large ones.

    Raises SourceRefused.
    """
    if field[0] == 0x80:
        return int.from_bytes(field[1:])
    digits = field.split(b"\0")[0].strip()
    try:
        value = int(digits or b"0", 8)
    except ValueError:
        value = -1
    if value < 0:
        raise SourceRefused(f"It is damaged: {field!r} is not a number.")
    return value


def check_digits(text: bytes) -> None:
    if not (text.isdigit() and len(text) <= 15):
        raise SourceRefused(f"It is damaged: {text[:40]!r} is not a size.")


def pax_records(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The records of a PAX header, each `length key=value\\n`.

    The length is that of the whole record. Raises SourceRefused.
    """
    start = 0
    while start < len(body):
        space = body.find(b" ", start, start + 6)
        length = body[start:space] if space > 0 else b""
        end = start + int(length) if length.isdigit() else 0
        record = body[space + 1 : end]
        key, equals, value = record.partition(b"=")
        if end <= space or end > len(body) or not equals or value[-1:] != b"\n":
            raise SourceRefused("It is damaged: a pax header cannot be read.")
        if key == b"path":
            check_path_length(len(value) - 1)  # without the line break at its end
        yield key.decode(errors="replace"), value[:-1]
        start = end


END = struct.Struct("<4s4H2LH")
CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
LONGEST_COMMENT = 0xFFFF
ZIP64 = 0xFFFFFFFF
ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13
STORED, DEFLATED = 0, 8
UNIX = (3, 19)
"""Systems (Unix, macOS) on which the attributes of an entry are its mode."""
SMALL = 2**20
"""The ratio of packed to unpacked bytes is not checked for up to so many bytes."""

SLACK = 1024
"""Packing may enlarge small files; it may add so many bytes, beyond a factor of 2."""


class Zip:
    """A zip in a seekable file.

    Raises SourceRefused for damaged, encrypted, overlapping or unsafe entries, and for
    sizes that do not match. `zipfile` is more tolerant.
    """

    def __init__(self, file: IO[bytes], limits: SourceLimits) -> None:
        self.file = file
        self.limits = limits
        self.name_at_offset: dict[int, bytes] = {}
        """The name of each entry in the directory, by the offset of its local header.
        No two entries may have the same offset."""
        self.count, self.start, self.end = self._find_directory()
        if self.count > limits.entries:
            raise SourceRefused(f"{self.count} entries, at most {limits.entries}.")
        self.entries = tuple(self._list())
        self._check_sizes()
        self._check_overlaps()

    def content(self, entry: Entry) -> bytes:
        """The bytes of a file; their number and CRC match the central directory."""
        packed = self._packed(entry)
        content = packed
        if entry.method == DEFLATED:
            decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                content = decompressor.decompress(packed, entry.size + 1)
            except zlib.error as error:
                raise SourceRefused(f"{entry.path} is damaged: {error}.") from None
        if len(content) != entry.size or zlib.crc32(content) != entry.crc:
            raise SourceRefused(f"{entry.path} does not match the zip's directory.")
        return content

    def _packed(self, entry: Entry) -> bytes:
        """The packed bytes, after a check of the local header before them."""
        self.file.seek(entry.offset)
        header = self.file.read(LOCAL.size)
        if len(header) < LOCAL.size or header[:4] != b"PK\x03\x04":
            raise SourceRefused(f"There is no file where {entry.path} should be.")
        *_, name_length, extra_length = LOCAL.unpack(header)
        if self.file.read(name_length) != self.name_at_offset[entry.offset]:
            raise SourceRefused(f"{entry.path} has another name in its own header.")
        self.file.seek(extra_length, os.SEEK_CUR)
        return self.file.read(entry.packed)

    def _find_directory(self) -> tuple[int, int, int]:
        """(number of entries, start, end) of the central directory.

        It is found by the end record, which may be followed by a comment.
        """
        size = self.file.seek(0, os.SEEK_END)
        self.file.seek(max(0, size - END.size - LONGEST_COMMENT))
        tail_start = self.file.tell()
        tail = self.file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) - at < END.size:
            raise SourceRefused("The zip is cut off: its directory is missing.")
        _, disk, first_disk, on_disk, count, length, start, comment = END.unpack_from(
            tail, at
        )
        has_parts = disk or first_disk or on_disk != count
        if has_parts or at + END.size + comment != len(tail):
            raise SourceRefused("The zip has several parts, or bytes behind its end.")
        if ZIP64 in (length, start) or count == 0xFFFF:
            raise SourceRefused("Zip64, for larger archives, is not supported.")
        if start + length != tail_start + at:
            raise SourceRefused("The zip's directory is not where it should be.")
        return count, start, start + length

    def _list(self) -> Iterator[Entry]:
        """Read the central directory."""
        self.file.seek(self.start)
        for _ in range(self.count):
            header = self.file.read(CENTRAL.size)
            if len(header) < CENTRAL.size or header[:4] != b"PK\x01\x02":
                raise SourceRefused("The zip's directory is damaged.")
            if entry := self._entry(CENTRAL.unpack(header)):
                yield entry
        if self.file.tell() != self.end:
            raise SourceRefused("The zip's directory has more entries than it says.")

    def _entry(self, fields: tuple[int, ...]) -> Entry | None:
        """The entry of a record in the central directory; None for a folder."""
        _, made_by, _, flags, method, _, _, crc, packed, size, *rest = fields
        name_length, extra_length, comment_length, _, _, attributes, offset = rest
        check_path_length(name_length)
        raw = self.file.read(name_length)
        self.file.seek(extra_length + comment_length, os.SEEK_CUR)
        path = inner_path(raw)
        mode = attributes >> 16 if made_by >> 8 in UNIX else 0
        kind = stat.S_IFMT(mode)
        if flags & ENCRYPTED:
            raise SourceRefused(f"{path} is encrypted.")
        if ZIP64 in (packed, size, offset):
            raise SourceRefused("Zip64, for larger archives, is not supported.")
        if offset in self.name_at_offset:
            raise SourceRefused(f"{path} shares its bytes with another entry.")
        self.name_at_offset[offset] = raw
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

    def _check_sizes(self) -> None:
        """Refuse zip bombs, by the sizes in the central directory."""
        total = 0
        for entry in self.entries:
            total += entry.size
            if total > self.limits.total_bytes:
                limit = self.limits.total_bytes
                raise SourceRefused(f"Unpacked it has more than {limit} bytes.")
            if entry.size > max(SMALL, entry.packed * self.limits.ratio):
                raise SourceRefused(
                    f"{entry.path} is more than {self.limits.ratio} times larger "
                    "unpacked than packed."
                )
            if entry.packed > 2 * entry.size + SLACK:
                raise SourceRefused(f"{entry.path} is smaller unpacked than packed.")

    def _check_overlaps(self) -> None:
        """Refuse entries that overlap each other or the central directory."""
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
    """The common interface of `Zip` and `Tar`."""

    entries: tuple[Entry, ...]

    def content(self, entry: Entry) -> bytes: ...


@contextmanager
def opened(file: IO[bytes], limits: SourceLimits) -> Iterator[Archive]:
    """The archive in a seekable file; a packed tar is unpacked to a temporary file.

    Raises SourceRefused, also for a file that is no archive.
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
        raise SourceRefused("It is packed with xz; use gzip.")
    elif len(start) == BLOCK:
        yield Tar(file, limits)
    else:
        raise SourceRefused("It is neither a zip nor a tar.")


def unpack(
    packed: IO[bytes], into: IO[bytes], is_gzip: bool, limits: SourceLimits
) -> None:
    """Unpack in chunks. Raises SourceRefused as soon as a limit is exceeded."""
    limit = limits.total_bytes
    by_ratio = max(SMALL, packed.seek(0, os.SEEK_END) * limits.ratio)
    packed.seek(0)
    stream = gzip.GzipFile(fileobj=packed) if is_gzip else bz2.BZ2File(packed)
    with cast(IO[bytes], stream):
        try:
            while chunk := stream.read(CHUNK):
                into.write(chunk)
                if into.tell() > limit:
                    raise SourceRefused(f"Unpacked it has more than {limit} bytes.")
                if into.tell() > by_ratio:
                    raise SourceRefused(
                        f"It is more than {limits.ratio} times larger unpacked than "
                        "packed."
                    )
        except (EOFError, OSError, ValueError, zlib.error) as error:
            raise SourceRefused(f"It is cut off or damaged: {error}.") from None
