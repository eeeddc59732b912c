"""The moment that a request begins at, read for those alone that may be cached."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from cachelayer.requests import BEGUN, carrier

HERE = "cachelayer.middleware.TakeToken"
READ = ("_cached_user", "_acached_user")


class TakeToken:
    """First in MIDDLEWARE: takes the token of a request whose view is decorated.

    It does so once the address is resolved, before any view, and so before a view
    authenticates anyone. In a shared server the token costs a round trip, which probes,
    writes, pages that are not cached and what no address leads to do not pay.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        if request.method in ("GET", "HEAD") and is_cached(view) and untouched(request):
            take_token(carrier(request))


def take_token(carried: dict[str, Any]) -> None:
    """Before anyone is authenticated, so that no right is older than the token."""
    from cachelayer.transactions import backend

    carried[BEGUN] = backend().token()


def installed() -> bool:
    return HERE in settings.MIDDLEWARE


def untouched(request: HttpRequest) -> bool:
    """Whether no other middleware has read who it is, which would be older."""
    session = getattr(request, "session", None)
    known = any(name in request.__dict__ for name in READ)
    return not (known or getattr(session, "accessed", False))


@lru_cache(1024)
def is_cached(view: Callable[..., Any]) -> bool:
    """Whether it is decorated, or any method of its class; or was found to be."""
    kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    methods = [getattr(kind, name, None) for name in dir(kind)] if kind else []
    return view in found or any(hasattr(each, "cache_key") for each in (view, *methods))


found: set[Callable[..., Any]] = set()


def remember(view: Callable[..., Any]) -> None:
    """A decorator met a request of this view that has no token: the next one has."""
    if view not in found:
        found.add(view)
        is_cached.cache_clear()
