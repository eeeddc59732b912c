"""The base classes of errors whose message is the docstring of their class."""

from collections.abc import Mapping
from inspect import getdoc
from typing import ClassVar


class DocumentedError(Exception):
    """Something went wrong; the class's docstring is the message, with a detail."""

    def __init__(self, detail: object = "") -> None:
        self.detail = str(detail)
        super().__init__(str(self))

    def __str__(self) -> str:
        message = " ".join((getdoc(type(self)) or "").split())
        return f"{message.rstrip('.')}: {self.detail}" if self.detail else message


class DomainError(Exception):
    """Base class of refusals; a subclass's docstring is the message shown."""

    status_code: ClassVar[int] = 400
    code: ClassVar[str] = "invalid"
    edit_conflict: ClassVar[bool] = False
    """Whether somebody else changed the row first: read it again, repeat the change."""
    fields: Mapping[str, list[str]]
    """Findings by the name of the input field."""

    def __init__(
        self, message: str = "", fields: Mapping[str, list[str]] | None = None
    ) -> None:
        super().__init__(message or " ".join((self.__doc__ or "").split()))
        self.fields = fields or {}
