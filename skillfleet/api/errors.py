"""Error responses: JSON of one shape below /api/, Django's own pages elsewhere."""

import inspect
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import csrf, defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_response

from skillfleet.api.parsers import BodyTooLarge

MAX_LISTED = 50
"""How many fields a response lists, and how many findings for each."""
MAX_CHARS = 2000
OUR_PACKAGES = {"core", "cachelayer", "taxonomy", "jobs", "skillfleet"}


class Conflict(exceptions.APIException):
    """The request conflicts with the current state."""

    status_code = 409
    default_detail = "The request conflicts with the current state."
    default_code = "conflict"


def error_response(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None means a bug of ours, which becomes a 500."""
    if is_domain_error(exc):
        body = error_body(domain_detail(exc), exc.code, exc.fields)  # type: ignore[attr-defined]
        return Response(body, status=exc.status_code)  # type: ignore[attr-defined]
    refusal = as_api_exception(exc)
    response = drf_response(refusal, dict(context))
    if response is not None and isinstance(refusal, exceptions.APIException):
        response.data = api_exception_body(refusal)
    return response


def error_body(
    detail: str, code: str, errors: Mapping[str, list[str]] | None = None
) -> dict[str, Any]:
    body: dict[str, Any] = {"detail": clipped(detail), "code": code}
    return {**body, "errors": first_of(errors)} if errors else body


def first_of(errors: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The first MAX_LISTED fields and findings; `detail` says how many there are."""
    places = islice(errors.items(), MAX_LISTED)
    return {
        clipped(place): [clipped(message) for message in messages[:MAX_LISTED]]
        for place, messages in places
    }


def clipped(text: str) -> str:
    """Shorten a text that quotes the client's input, which may be megabytes."""
    return text if len(text) <= MAX_CHARS else f"{text[:MAX_CHARS]}…"


def is_domain_error(exc: BaseException) -> bool:
    """Whether an exception of ours declares its own response.

    The class or one of its bases is named `…Error` and is in one of our packages, and
    it has a `status_code` of 4xx and a `code`.
    """
    status_code = getattr(exc, "status_code", None)
    code = getattr(exc, "code", None)
    return (
        isinstance(status_code, int)
        and 400 <= status_code < 500
        and isinstance(code, str)
        and any(
            base.__name__.endswith("Error")
            and base.__module__.partition(".")[0] in OUR_PACKAGES
            for base in type(exc).__mro__
        )
    )


def domain_detail(exc: BaseException) -> str:
    """The exception's message, or else its docstring."""
    return str(exc) or inspect.getdoc(type(exc)) or type(exc).__name__


def as_api_exception(exc: Exception) -> Exception:
    """Django's exceptions as DRF's."""
    match exc:
        case Http404():
            return exceptions.NotFound(readable(exc))
        case PermissionDenied():
            return exceptions.PermissionDenied(readable(exc))
        case ProtectedError() | RestrictedError():
            return Conflict("Other objects refer to this one; remove them first.")
        case RequestDataTooBig():
            return BodyTooLarge()
        case SuspiciousOperation():
            return exceptions.ParseError(readable(exc), code="bad_request")
        case ValidationError():
            return exceptions.ValidationError(
                getattr(exc, "message_dict", None) or exc.messages
            )
    return exc


def readable(exc: Exception) -> str | None:
    """The exception's message, if it is a text."""
    return exc.args[0] if exc.args and isinstance(exc.args[0], str) else None


def api_exception_body(exc: exceptions.APIException) -> dict[str, Any]:
    if isinstance(exc, exceptions.ValidationError):
        errors: dict[str, list[str]] = {}
        for place, message in flattened(exc.detail):
            errors.setdefault(place or "non_field_errors", []).append(message)
        return error_body(summary(errors), exc.default_code, errors)
    detail = str(exc.detail)
    code = getattr(exc.detail, "code", None) or exc.default_code
    if detail.startswith("CSRF Failed"):
        code = "csrf_failed"
    return error_body(detail, str(code))


def flattened(detail: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """(place, message) pairs of a nested error detail, like `sources[0].name`."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            if key == "non_field_errors":
                yield from flattened(inner, place)
            elif isinstance(key, int):  # how DRF numbers the items of a list
                yield from flattened(inner, f"{place}[{key}]")
            else:
                yield from flattened(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(detail, list | tuple):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list | tuple)
            yield from flattened(inner, f"{place}[{index}]" if nested else place)
    else:
        yield place, str(detail)


def summary(errors: Mapping[str, list[str]]) -> str:
    """One line for a log or a terminal: the first finding, and how many more."""
    place, messages = next(iter(errors.items()))
    first = messages[0] if place == "non_field_errors" else f"{place}: {messages[0]}"
    more = sum(map(len, errors.values())) - 1
    return f"{first} ({more} more)" if more else first


def wants_json(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def json_error(
    status: int, code: str, detail: str, errors: dict[str, list[str]] | None = None
) -> JsonResponse:
    return JsonResponse(error_body(detail, code, errors), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        return json_error(400, "bad_request", "The request is malformed.")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        return json_error(403, "permission_denied", "You may not do this.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        return json_error(404, "not_found", f"There is nothing at {request.path}.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        return json_error(500, "error", "The server failed; the fault is logged.")
    return defaults.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "", **kwargs: Any) -> HttpResponse:
    if wants_json(request):
        return json_error(403, "csrf_failed", reason or "The CSRF token is missing.")
    return csrf.csrf_failure(request, reason, **kwargs)


@csrf_exempt
def no_such_route(request: HttpRequest, **kwargs: str) -> HttpResponse:
    """The last route under /api/, so that DEBUG too answers with JSON."""
    return not_found(request, Http404())
