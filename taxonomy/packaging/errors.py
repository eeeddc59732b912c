"""What packaging refuses; the docstring of a class is its message."""

from collections.abc import Iterable
from inspect import getdoc

from taxonomy.skillmd.findings import Finding


class PackagingError(Exception):
    """The skill cannot be packed."""

    def __init__(self, detail: object = "") -> None:
        self.detail = str(detail)
        super().__init__(str(self))

    def __str__(self) -> str:
        message = " ".join((getdoc(type(self)) or "").split())
        return f"{message.rstrip('.')}: {self.detail}" if self.detail else message


class FilesRefused(PackagingError):
    """The files do not pass the publish gate."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(map(str, self.findings)))


class FolderMissing(PackagingError):
    """There is no such folder."""


class FolderOccupied(PackagingError):
    """The target holds something else; it is only replaced when told so."""


class FolderLeft(PackagingError):
    """What a write could neither put back nor drop is kept for you to look at."""


class SourceRefused(PackagingError):
    """Nothing is imported from this source."""
