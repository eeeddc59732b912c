"""How a decorated view answers: its headers, and 304."""

import time

from django.http import HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags

from cachelayer.requests import AnyRequest, plain
from cachelayer.responses import StoredResponse

VARY = ("Accept", "Authorization", "Cookie")


def hit(stored: StoredResponse, request: AnyRequest, *, tier: str) -> HttpResponseBase:
    """The answer from the cache. Its headers are those of every hit but for the age,
    and stay with the entry: making them is most of the work."""
    if _client_has(stored.etag, request):
        return finish(HttpResponse(), request, tier=tier, outcome="HIT", stored=stored)
    if tier not in stored.hits:
        first = HttpResponse(headers=dict(stored.headers))
        _complete(first, tier=tier, outcome="HIT", stored=stored)
        stored.hits[tier] = dict(first.items())
    age = {"Age": age_of(stored)}
    return HttpResponse(stored.body, headers=stored.hits[tier] | age)


def finish(
    response: HttpResponseBase,
    request: AnyRequest,
    *,
    tier: str,
    outcome: str,
    stored: StoredResponse | None = None,
) -> HttpResponseBase:
    """The headers of a decorated view; 304 when the client has these bytes."""
    if stored is not None and _client_has(stored.etag, request):
        response = HttpResponseNotModified(headers=stored.of_no_body())
    _complete(response, tier=tier, outcome=outcome, stored=stored)
    return response


def _complete(
    response: HttpResponseBase,
    *,
    tier: str,
    outcome: str,
    stored: StoredResponse | None,
) -> None:
    if stored is not None:
        response["ETag"] = stored.etag
        response["Age"] = age_of(stored)
    response["X-Cache"] = outcome
    if not response.has_header("Cache-Control"):
        private = "private, " if tier == "user" else ""
        response["Cache-Control"] = f"{private}no-cache"
    patch_vary_headers(response, VARY)


def age_of(stored: StoredResponse) -> str:
    return str(max(0, int(time.time() - stored.made)))


def _client_has(etag: str, request: AnyRequest) -> bool:
    header = plain(request).META.get("HTTP_IF_NONE_MATCH")
    if not header:
        return False
    bare = {each.removeprefix("W/") for each in parse_etags(header)}
    return "*" in bare or etag.removeprefix("W/") in bare
