"""Reading tars: ustar, pax and GNU's long names, header by header.

Refused: sparse files, sizes on what has no content, pax records for all files that
name a path or a size, and whatever else one tool reads one way and another another.
"""

import os
from collections.abc import Iterator
from typing import IO

from taxonomy.packaging.errors import SourceRefused
from taxonomy.packaging.limits import SourceLimits
from taxonomy.packaging.unpacking.entries import MOST_PATH_BYTES, Entry, inner_path

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
