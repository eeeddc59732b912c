"""What of a request is in its key, and who looked at its user."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from rest_framework.request import Request

from cachelayer.options import option

AnyRequest = HttpRequest | Request
importing = cache(import_string)
TAGS = "_cachelayer_slots"
BEGUN = "cachelayer.token"


class UserLookedAt(RuntimeError):
    """A view in a shared tier looked at the user; use cache_user_data instead."""


@dataclass
class Look:
    """Whether the requester was looked at while a shared value was computed."""

    session: Any
    noted: bool = False

    @property
    def seen(self) -> bool:
        return self.noted or getattr(self.session, "accessed", False)


def audience(request: AnyRequest) -> str:
    """Who may share an entry: the default of CACHELAYER AUDIENCE."""
    user = getattr(request, "user", None)
    return "member" if user is not None and user.is_authenticated else "anonymous"


def plain(request: AnyRequest) -> HttpRequest:
    return request._request if isinstance(request, Request) else request


def begun(request: AnyRequest) -> Any:
    """The token taken before anyone was authenticated; None: nobody took one."""
    return carrier(plain(request)).get(BEGUN)


def carrier(request: HttpRequest) -> dict[str, Any]:
    """What is there from before the request was made of it."""
    found: dict[str, Any] = getattr(request, "scope", None) or request.META
    return found


def user_id_of(request: AnyRequest) -> str:
    """Empty for someone who has not logged in."""
    user = getattr(request, "user", None)
    return str(user.pk) if user is not None and user.is_authenticated else ""


def media_type_of(request: AnyRequest) -> str | None:
    """None: HTML of the browsable API, or parameters that multiply entries."""
    if not isinstance(request, Request):
        return request.headers.get("Accept", "")
    renderer = getattr(request, "accepted_renderer", None)
    if renderer is None or renderer.media_type == "text/html":
        return None
    asked: str = getattr(request, "accepted_media_type", "")
    return asked if asked == renderer.media_type else None


def undeclared(request: AnyRequest, declared: frozenset[str]) -> bool:
    """Whether a query parameter is there that the view does not declare."""
    return not declared.issuperset(plain(request).GET)


def traits(request: AnyRequest) -> list[Any]:
    """All that a response may depend on, but the user; only texts and lists."""
    http = plain(request)
    return [
        "GET",  # HEAD is answered from the same entry
        http.scheme,
        http.get_host(),
        http.path,
        media_type_of(request),
        sorted(http.GET.lists()),
        importing(option("AUDIENCE"))(request),
        get_language(),
    ]


@contextmanager
def open_tags(request: AnyRequest, slots: set[int]) -> Iterator[None]:
    """Within, add_cache_tags adds to these."""
    attributes = plain(request).__dict__
    outer = attributes.get(TAGS)
    attributes[TAGS] = slots
    try:
        yield
    finally:
        attributes[TAGS] = outer


def tags_open_on(request: AnyRequest) -> set[int] | None:
    found: set[int] | None = plain(request).__dict__.get(TAGS)
    return found


@contextmanager
def watched_user(request: AnyRequest) -> Iterator[Look]:
    """Within, looking at the user, the token or the session is noted."""
    session = getattr(plain(request), "session", None)
    look, accessed = Look(session), getattr(session, "accessed", False)
    kept = {name: getattr(request, name) for name in _names(request)}
    for name, value in kept.items():
        setattr(request, name, _noting(look, name, value))
    if session is not None:
        session.accessed = False
    try:
        yield look
    finally:
        for name, value in kept.items():
            setattr(request, name, value)
        if session is not None:
            session.accessed = session.accessed or accessed


def _names(request: AnyRequest) -> list[str]:
    names = ["user", "auth"] if isinstance(request, Request) else ["user", "auser"]
    return [name for name in names if getattr(request, name, None) is not None]


def _noting(look: Look, name: str, value: Any) -> Any:
    def note() -> Any:
        look.noted = True
        if option("STRICT_SHARED_TIER"):
            raise UserLookedAt(UserLookedAt.__doc__)
        return value

    async def note_later() -> Any:
        return await note()()

    return note_later if name == "auser" else SimpleLazyObject(note)
