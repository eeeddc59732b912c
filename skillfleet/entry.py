"""The applications that servers run: Django's, with requests that always come in."""

from collections.abc import Mapping
from typing import Any

import django
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest


class AnyContentType(HttpRequest):
    """A Content-Type that Django cannot read is empty here.

    Django raises while it makes the request, where no middleware could answer;
    `StrictRequests` refuses it.
    """

    def _set_content_type_params(self, meta: Mapping[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]
        except (LookupError, ValueError):
            self.content_type, self.content_params = "", {}


class WSGIAnyContentType(AnyContentType, WSGIRequest):
    """As gunicorn's workers make it."""


class ASGIAnyContentType(AnyContentType, ASGIRequest):
    """As uvicorn makes it."""


class WSGIApplication(WSGIHandler):
    request_class = WSGIAnyContentType


class ASGIApplication(ASGIHandler):
    request_class = ASGIAnyContentType


def wsgi_application() -> WSGIApplication:
    django.setup(set_prefix=False)
    return WSGIApplication()


def asgi_application() -> ASGIApplication:
    django.setup(set_prefix=False)
    return ASGIApplication()
