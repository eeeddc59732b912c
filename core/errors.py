"""The base class of errors that are reported to the client."""

from collections.abc import Mapping
from typing import ClassVar


class DomainError(Exception):
    """The request cannot be carried out; the class's docstring is its message."""

    status_code: ClassVar[int] = 400
    code: ClassVar[str] = "invalid"
    edit_conflict: ClassVar[bool] = False
    """Somebody else changed the row first: read it again, and repeat the change."""
    fields: Mapping[str, list[str]]
    """Findings by the name of the input that they are about."""

    def __init__(
        self, message: str = "", fields: Mapping[str, list[str]] | None = None
    ) -> None:
        super().__init__(message or " ".join((self.__doc__ or "").split()))
        self.fields = fields or {}
