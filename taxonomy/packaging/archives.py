"""A skill's files as one archive: the same files always give the same bytes."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from taxonomy.packaging.files import File, Files

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold."""
MADE_ON_UNIX = 3
COMPRESSION = 9


@dataclass(frozen=True)
class Form:
    """A kind of archive; SKILL.md is at its root."""

    suffix: str
    media_type: str
    packed: Callable[[Files], bytes]


def zipped(files: Files) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for file in files:
            entry = zipfile.ZipInfo(file.path, EPOCH)
            entry.create_system = MADE_ON_UNIX
            entry.external_attr = int(file.mode, 8) << 16
            target.writestr(entry, file.content, zipfile.ZIP_DEFLATED, COMPRESSION)
    return archive.getvalue()


def tarred(files: Files) -> bytes:
    """A gzipped tar without times and owners; PAX only for what USTAR cannot name."""
    archive = io.BytesIO()
    with (
        gzip.GzipFile("", "wb", COMPRESSION, archive, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as target,
    ):
        for file in files:
            target.addfile(tar_entry(file), io.BytesIO(file.content))
    return archive.getvalue()


def tar_entry(file: File) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(file.path)
    entry.size = len(file.content)
    entry.mode = int(file.mode, 8) & 0o777
    return entry


FORMS: Mapping[str, Form] = {
    "zip": Form("zip", "application/zip", zipped),
    "tar.gz": Form("tar.gz", "application/gzip", tarred),
}
