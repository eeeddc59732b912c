"""Middleware: strict requests, UTC for the API, the Content-Security-Policy."""

import codecs
import re
from collections.abc import Callable
from datetime import UTC
from typing import Any

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from core.json_values import text_finding
from skillfleet.api.errors import json_error, wants_json

SMALL_BODIES = ("/api/v1/auth/", "/api/v1/user/", "/admin/login")
"""Paths whose bodies are small; anonymous clients may send bodies to two of them."""
LONGEST_LENGTH = 18


class StrictRequests:
    """Refuses requests that no view could answer.

    They have NUL in the path or query, text that is not UTF-8, a body over the limit,
    or unknown query parameters. A view class lists the parameters that it accepts in
    `query_params`, a frozenset of names; without that attribute it accepts none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return (
            check_content_type(request)
            or check_address(request)
            or check_length(request)
            or self.get_response(request)
        )

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        view_class = getattr(view, "cls", None) or getattr(view, "view_class", None)
        if view_class is None or not wants_json(request):
            return None
        declared: frozenset[str] = getattr(view_class, "query_params", frozenset())
        unknown = sorted(set(request.GET) - declared)
        if not unknown:
            return None
        allowed = f"Allowed: {', '.join(sorted(declared)) or 'none'}."
        detail = f"Unknown query parameter {unknown[0]!r}. {allowed}"
        errors = {name: [f"Unknown query parameter. {allowed}"] for name in unknown}
        return json_error(400, "unknown_parameter", detail, errors)


def refuse(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    if wants_json(request):
        return json_error(status, code, detail)
    return HttpResponse(f"{detail}\n", status=status, content_type="text/plain")


def check_content_type(request: HttpRequest) -> HttpResponse | None:
    """The error response to a Content-Type that is not readable or not UTF-8.

    This check comes first: Django decodes forms and the query by the named charset.
    """
    if request.META.get("CONTENT_TYPE") and not request.content_type:
        return refuse(request, 400, "bad_request", "The Content-Type is not readable.")
    charset = (request.content_params or {}).get("charset")
    if charset and not is_utf8(charset):
        detail = f"charset={charset[:40]!a} is not supported; send UTF-8."
        return refuse(request, 400, "bad_request", detail)
    return None


def is_utf8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name == "utf-8"
    except (LookupError, ValueError):
        return False


def check_address(request: HttpRequest) -> HttpResponse | None:
    """The error response to a path or query that no database could store."""
    if finding := text_finding(request.path_info):
        return refuse(request, 400, "bad_request", f"The path is refused. {finding}")
    if wants_json(request) and (errors := unstorable(request.GET)):
        name, messages = next(iter(errors.items()))
        return json_error(400, "invalid", f"{name}: {messages[0]}", errors)
    return None


def check_length(request: HttpRequest) -> HttpResponse | None:
    """The error response to a body that is too large or of unknown length.

    The body is not read: a form's files would be written to disk before any view.
    """
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        # Django would read an empty body, and every field would seem missing.
        detail = "A chunked body is not supported; send Content-Length."
        return refuse(request, 411, "length_required", detail)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit() and len(length) <= LONGEST_LENGTH):
        return refuse(request, 400, "bad_request", "Content-Length is not a number.")
    limit = body_limit(request)
    if int(length) > limit:
        detail = f"The request body is over the limit of {limit} bytes."
        return refuse(request, 413, "too_large", detail)
    return None


def body_limit(request: HttpRequest) -> int:
    """The most bytes of a body at this path."""
    if request.path_info.startswith(SMALL_BODIES):
        return int(settings.SKILLFLEET_MAX_AUTH_BYTES)
    if wants_json(request):
        return int(settings.SKILLFLEET_MAX_BODY_BYTES)
    return int(settings.SKILLFLEET_MAX_FORM_BYTES)


def unstorable(query: MultiValueDict[str, str]) -> dict[str, list[str]]:
    """Findings by query parameter; the name is escaped, as it may be unstorable."""
    errors: dict[str, list[str]] = {}
    for name, values in query.lists():
        finding = next(filter(None, map(text_finding, [name, *values])), None)
        if finding:
            errors[ascii(name)[1:-1]] = [finding]
    return errors


class UniversalTime:
    """The API uses UTC; TIME_ZONE applies to the admin's pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not wants_json(request):
            return self.get_response(request)
        with timezone.override(UTC):
            return self.get_response(request)


class NotModified:
    """Removes Content-Length from a 304.

    CommonMiddleware, inside of this one, sets it to 0; RFC 9110 (8.6) allows only the
    length of the full answer, or none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 304:
            del response["Content-Length"]
        return response


SESSION_KEY = re.compile(r"[A-Za-z0-9_.:=-]{8,4096}")
"""Session keys of all engines: random keys, and signed values of cookie sessions."""


class PlausibleSessions:
    """Removes a session cookie whose value cannot be a session key.

    Otherwise a cookie with NUL would cause a server error, because PostgreSQL refuses
    NUL in a query.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if key is not None and not SESSION_KEY.fullmatch(key):
            del request.COOKIES[settings.SESSION_COOKIE_NAME]
        return self.get_response(request)


CSP_BY_PREFIX = {
    "/admin/": {
        "script-src": [SELF, UNSAFE_EVAL],  # the admin theme's Alpine uses eval
        "style-src": [SELF, UNSAFE_INLINE],
    },
    "/api/docs": {"style-src": [SELF, UNSAFE_INLINE]},  # Swagger UI's own styles
}


class PathCSPMiddleware(CSPMiddleware):
    """Widens the policy for the paths in CSP_BY_PREFIX."""

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        for prefix, directives in CSP_BY_PREFIX.items():
            if request.path_info.startswith(prefix):
                parts.replace = {**directives, **(parts.replace or {})}
        return parts
