"""Request classes that accept any Content-Type, so that middleware can refuse it."""

from collections.abc import Mapping
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.utils.http import parse_header_parameters


class AnyContentType(HttpRequest):
    """A request whose unreadable Content-Type counts as empty.

    For such a type, and for an unknown charset, Django raises an error while it creates
    the request, before any middleware could answer. `StrictRequests` refuses both.
    """

    def _set_content_type_params(self, meta: Mapping[str, Any]) -> None:
        try:
            parsed = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (LookupError, ValueError):
            parsed = "", {}
        self.content_type, self.content_params = parsed


class WSGIAnyContentType(AnyContentType, WSGIRequest):
    """The request class for gunicorn's threaded workers."""


class ASGIAnyContentType(AnyContentType, ASGIRequest):
    """The request class for an ASGI server."""
