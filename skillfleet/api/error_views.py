"""Refusals outside of DRF: JSON under /api/, Django's own pages elsewhere."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import csrf, defaults
from django.views.decorators.csrf import csrf_exempt

from skillfleet.api.exceptions import error_body


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
