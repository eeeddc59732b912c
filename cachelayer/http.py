"""HTTP: what of a request is in its key, how a response is stored and answered, and
the middleware that takes the token of a request.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.http import parse_etags
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from rest_framework.request import Request

from cachelayer.conf import option
from cachelayer.entries import Frozen

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


KEPT = (
    "Content-Type",
    "Content-Language",
    "Content-Disposition",
    "Content-Location",
    "Last-Modified",
    "Link",
)
KEYED = {"accept", "authorization", "cookie", "accept-language"}


@dataclass(frozen=True)
class StoredResponse(Frozen):
    """Status 200 with these headers, this body; `made` is Unix time."""

    body: bytes
    headers: tuple[tuple[str, str], ...]
    etag: str
    made: float = field(default_factory=time.time)
    hits: dict[str, dict[str, str]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """By tier, all headers that its hits have had; see answers.hit."""

    @property
    def weight(self) -> int:
        texts = [text for pair in self.headers for text in pair]
        return len(self.body) + sum(len(text) + 100 for text in texts)

    @classmethod
    def of(cls, response: HttpResponse) -> "StoredResponse":
        wanted = (*KEPT, *option("KEPT_HEADERS"))
        headers = tuple((name, response[name]) for name in wanted if name in response)
        etag = response.get("ETag") or etag_of(response.content, headers)
        return cls(body=response.content, headers=headers, etag=etag)

    def freeze(self) -> bytes:
        """A line of JSON (ETag, Unix time, headers as pairs), then the body."""
        return (
            json.dumps([self.etag, self.made, self.headers]).encode()
            + b"\n"
            + self.body
        )

    @classmethod
    def thaw(cls, frozen: bytes) -> "StoredResponse":
        line, _, body = frozen.partition(b"\n")
        try:
            etag, made, pairs = json.loads(line)
            headers = tuple((name, value) for name, value in pairs)
            texts = [etag, *(text for pair in headers for text in pair)]
            if any("\n" in text or "\r" in text for text in texts):
                raise ValueError("a header has two lines")
            return cls(body=body, headers=headers, etag=etag, made=float(made))
        except TypeError as error:
            raise ValueError(f"this is no response: {error}") from None

    def of_no_body(self) -> dict[str, str]:
        """The headers that a 304 has too."""
        return {name: text for name, text in self.headers if name != "Content-Type"}


def etag_of(content: bytes, headers: tuple[tuple[str, str], ...]) -> str:
    """What a client would not see change without its body: the kept headers."""
    digest = blake2b(content, digest_size=16)
    digest.update(repr(headers).encode())
    return f'"{digest.hexdigest()}"'


def storable(response: HttpResponseBase, request: AnyRequest, tier: str) -> bool:
    """Whether anyone with the same key may have this response."""
    if response.status_code != 200 or response.streaming or response.cookies:
        return False
    if plain(request).META.get("CSRF_COOKIE_NEEDS_UPDATE"):
        return False
    if response.has_header("Content-Encoding") or not _keyed(response):
        return False
    if request.method == "HEAD" and not getattr(response, "content", b""):
        return False
    control = response.get("Cache-Control", "").lower()
    return "no-store" not in control and ("private" not in control or tier == "user")


def _keyed(response: HttpResponseBase) -> bool:
    """Whether it varies only by what is in the key."""
    named = response.get("Vary", "").lower().split(",")
    return {name.strip() for name in named} - {""} <= KEYED


def render(response: HttpResponseBase, request: AnyRequest) -> None:
    """Make the bytes now, while the verdict on them still holds."""
    if getattr(response, "is_rendered", True):
        return
    rendering: Any = response
    context = getattr(request, "parser_context", None)
    if context is not None and hasattr(rendering, "data"):
        rendering.accepted_renderer = request.accepted_renderer  # type: ignore[union-attr]
        rendering.accepted_media_type = request.accepted_media_type  # type: ignore[union-attr]
        rendering.renderer_context = context["view"].get_renderer_context()
    rendering.render()


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


HERE = "cachelayer.http.TakeToken"
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
    return view in decorated or any(
        hasattr(each, "cache_key") for each in (view, *methods)
    )


decorated: set[Callable[..., Any]] = set()


def remember(view: Callable[..., Any]) -> None:
    """A decorator met a request of this view that has no token: the next one has."""
    if view not in decorated:
        decorated.add(view)
        is_cached.cache_clear()
