"""Request bodies: JSON that every database can store, of bounded size."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import exceptions, status
from rest_framework.parsers import BaseParser

from core.json_values import parse_json


class BodyTooLarge(exceptions.APIException):
    """The request body is over the limit."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"

    def __init__(self) -> None:
        limit = settings.SKILLFLEET_MAX_BODY_BYTES
        super().__init__(f"The request body is over the limit of {limit} bytes.")


class StrictJSONParser(BaseParser):
    """JSON in UTF-8 of bounded size and depth, without NaN, NUL or duplicate keys."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(settings.SKILLFLEET_MAX_BODY_BYTES + 1)
        if len(body) > settings.SKILLFLEET_MAX_BODY_BYTES:
            raise BodyTooLarge
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise exceptions.ParseError(
                f"The body is not UTF-8 (byte {error.start}).", code="invalid_json"
            ) from None
        return parse_json(
            text,
            max_depth=settings.SKILLFLEET_MAX_JSON_DEPTH,
            max_elements=settings.SKILLFLEET_MAX_JSON_VALUES,
        )
