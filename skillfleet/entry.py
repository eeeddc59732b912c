"""The applications that servers run: Django's, with requests that always come in."""

from collections.abc import Mapping
from typing import Any

import django
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest
from django.utils.http import parse_header_parameters


class AnyContentType(HttpRequest):
    """A Content-Type that cannot be read is empty here, and its charset unused.

    Django raises for both while it makes the request, where no middleware could
    answer; `StrictRequests` refuses them.
    """

    def _set_content_type_params(self, meta: Mapping[str, Any]) -> None:
        try:
            found = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (LookupError, ValueError):
            found = "", {}
        self.content_type, self.content_params = found


class WSGIAnyContentType(AnyContentType, WSGIRequest):
    """As gunicorn's workers make it."""


class ASGIAnyContentType(AnyContentType, ASGIRequest):
    """As an ASGI server's are made."""


class WSGIApplication(WSGIHandler):
    request_class = WSGIAnyContentType


def wsgi_application() -> WSGIApplication:
    django.setup(set_prefix=False)
    return WSGIApplication()


def asgi_application() -> ASGIHandler:
    django.setup(set_prefix=False)
    from skillfleet.streaming import ASGIApplication  # needs the apps

    return ASGIApplication()
