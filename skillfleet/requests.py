"""Requests that Django cannot refuse to make."""

from collections.abc import Mapping
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.utils.http import parse_header_parameters


class AnyContentType(HttpRequest):
    """A request whose unreadable Content-Type counts as empty.

    Django raises an error for it, and for an unknown charset, while it makes the
    request, before any middleware could answer. `StrictRequests` refuses both.
    """

    def _set_content_type_params(self, meta: Mapping[str, Any]) -> None:
        try:
            parsed = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (LookupError, ValueError):
            parsed = "", {}
        self.content_type, self.content_params = parsed


class WSGIAnyContentType(AnyContentType, WSGIRequest):
    """Made for gunicorn's threaded workers."""


class ASGIAnyContentType(AnyContentType, ASGIRequest):
    """Made for an ASGI server."""
