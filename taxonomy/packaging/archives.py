"""Files as one archive: the same files always give the same bytes."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import IO

from taxonomy.packaging.files import File, Files

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
        """A skill, its SKILL.md at the root."""
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
