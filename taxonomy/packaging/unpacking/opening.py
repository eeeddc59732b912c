"""An archive by its first bytes, whatever its name ends in."""

import bz2
import gzip
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Protocol, cast

from taxonomy.packaging.errors import SourceRefused
from taxonomy.packaging.limits import SourceLimits
from taxonomy.packaging.unpacking.entries import Entry
from taxonomy.packaging.unpacking.tars import BLOCK, Tar
from taxonomy.packaging.unpacking.zips import SMALL, Zip

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
