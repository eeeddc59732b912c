"""What no view should have to look at: requests that no route could mean."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.datastructures import MultiValueDict

from skillfleet.api.error_views import json_error, wants_json
from taxonomy.packaging.json_values import text_finding


class StrictRequests:
    """Refuses NUL in the path or query, bodies over the limit, unknown parameters.

    The parameters that a view knows are its class's `query_params`, a frozenset of
    names; without that attribute there are none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if wants_json(request):
            return self.refusal(request) or self.get_response(request)
        if text_finding(request.path_info):
            return HttpResponse("Bad path.", status=400, content_type="text/plain")
        return self.get_response(request)

    def refusal(self, request: HttpRequest) -> HttpResponse | None:
        if finding := text_finding(request.path_info):
            return json_error(400, "bad_request", f"The path is refused. {finding}")
        if errors := unstorable(request.GET):
            name, messages = next(iter(errors.items()))
            return json_error(400, "invalid", f"{name}: {messages[0]}", errors)
        if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
            # Django would read an empty body, and every field would seem missing.
            detail = "A chunked body is not read here; send Content-Length."
            return json_error(411, "length_required", detail)
        limit = settings.SKILLFLEET_MAX_BODY_BYTES
        if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
            detail = f"The request body is over the limit of {limit} bytes."
            return json_error(413, "too_large", detail)
        return None

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        view_class = getattr(view, "cls", None) or getattr(view, "view_class", None)
        if view_class is None or not wants_json(request):
            return None
        known: frozenset[str] = getattr(view_class, "query_params", frozenset())
        unknown = sorted(set(request.GET) - known)
        if not unknown:
            return None
        allowed = f"Allowed: {', '.join(sorted(known)) or 'none'}."
        detail = f"Unknown query parameter {unknown[0]!r}. {allowed}"
        errors = {name: [f"Unknown query parameter. {allowed}"] for name in unknown}
        return json_error(400, "unknown_parameter", detail, errors)


def unstorable(query: MultiValueDict[str, str]) -> dict[str, list[str]]:
    """Findings by parameter; a name that is itself refused is shown escaped."""
    errors: dict[str, list[str]] = {}
    for name, values in query.lists():
        finding = next(filter(None, map(text_finding, [name, *values])), None)
        if finding:
            errors[ascii(name)[1:-1]] = [finding]
    return errors
