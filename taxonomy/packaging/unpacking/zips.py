"""Reading zips: the central directory, each file by its place in it.

APPNOTE.TXT 6.3.10 of PKWARE has the records. Refused: what one tool reads one way and
another another way (bytes before the archive, entries that overlap, names that differ
between an entry and the directory), encryption, Zip64, and methods but deflate.
"""

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import IO

from taxonomy.packaging.errors import SourceRefused
from taxonomy.packaging.limits import SourceLimits
from taxonomy.packaging.unpacking.entries import MOST_PATH_BYTES, Entry, inner_path

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
