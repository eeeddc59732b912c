"""HTTP: the key of a request, the stored part of a response, the response to a hit.

The middleware takes the token of a request.
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
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.http import parse_etags
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from rest_framework.request import Request

from cachelayer.conf import option
from cachelayer.entries import Immutable
from cachelayer.stats import monitor
from cachelayer.transactions import backend

AnyRequest = HttpRequest | Request
imported = cache(import_string)
SLOTS = "_cachelayer_slots"
TOKEN = "cachelayer.token"  # noqa: S105


def audience(request: AnyRequest) -> str:
    """The group of users who share an entry; the default of the option AUDIENCE."""
    user = getattr(request, "user", None)
    return "member" if user is not None and user.is_authenticated else "anonymous"


def django_request(request: AnyRequest) -> HttpRequest:
    return request._request if isinstance(request, Request) else request


def user_id_of(request: AnyRequest) -> str:
    """The user's primary key as text; empty for an anonymous user."""
    user = getattr(request, "user", None)
    return str(user.pk) if user is not None and user.is_authenticated else ""


def media_type_of(request: AnyRequest) -> str | None:
    """The negotiated media type. None: the response must not be cached.

    Neither HTML of the browsable API is cached, nor types with parameters, because
    clients could make up any number of them. `charset` and `q` change no response.
    A plain Django view negotiates by itself: all of the Accept header counts.
    """
    if not isinstance(request, Request):
        return request.headers.get("Accept", "")
    renderer = getattr(request, "accepted_renderer", None)
    if renderer is None or renderer.media_type == "text/html":
        return None
    media_type: str = renderer.media_type
    accepted: str = getattr(request, "accepted_media_type", "")
    is_plain = accepted == media_type or essential(accepted) == essential(media_type)
    return media_type if is_plain else None


INERT_PARAMETERS = frozenset({"charset", "q"})


def essential(media_type: str) -> list[str]:
    """The type in lower case and those of its parameters that may change a response."""
    kind, *parameters = (part.strip() for part in media_type.split(";"))
    named = [(each.partition("=")[0].strip().lower(), each) for each in parameters]
    rest = [each for name, each in named if name and name not in INERT_PARAMETERS]
    return [kind.lower(), *rest]


def has_undeclared_parameter(request: AnyRequest, declared: frozenset[str]) -> bool:
    """Whether the query has a parameter that the view does not declare."""
    return not declared.issuperset(django_request(request).GET)


def key_parts(request: AnyRequest) -> list[Any]:
    """Everything that a response may depend on, except the user: strings and lists."""
    http = django_request(request)
    return [
        "GET",  # HEAD is answered from the same entry
        http.scheme,
        http.get_host(),
        http.path,
        media_type_of(request),
        sorted(http.GET.lists()),
        imported(option("AUDIENCE"))(request),
        get_language(),
        repr(timezone.get_current_timezone()),  # a name may belong to two offsets
    ]


@contextmanager
def tags_added_to(slots: set[int], request: AnyRequest) -> Iterator[None]:
    """Inside the context, add_cache_tags adds the slots of its tags to `slots`."""
    attributes = django_request(request).__dict__
    outer = attributes.get(SLOTS)
    attributes[SLOTS] = slots
    try:
        yield
    finally:
        attributes[SLOTS] = outer


def slots_of(request: AnyRequest) -> set[int] | None:
    """The slots that add_cache_tags extends; None: no response is being computed."""
    slots: set[int] | None = django_request(request).__dict__.get(SLOTS)
    return slots


class UserReadInSharedTier(RuntimeError):
    """A view in a shared tier read its user; use cache_user_data instead."""


@dataclass
class UserAccess:
    """Whether the user was read while the value of a shared tier was computed."""

    session: Any
    recorded: bool = False

    @property
    def happened(self) -> bool:
        return self.recorded or getattr(self.session, "accessed", False)


@contextmanager
def user_access_recorded(request: AnyRequest) -> Iterator[UserAccess]:
    """Inside the context, record whether the user, token or session is read."""
    session = getattr(django_request(request), "session", None)
    access, accessed = UserAccess(session), getattr(session, "accessed", False)
    values = {name: getattr(request, name) for name in _user_attributes(request)}
    for name, value in values.items():
        setattr(request, name, _recording(access, name, value))
    if session is not None:
        session.accessed = False
    try:
        yield access
    finally:
        for name, value in values.items():
            setattr(request, name, value)
        if session is not None:
            session.accessed = session.accessed or accessed


def _user_attributes(request: AnyRequest) -> list[str]:
    names = ["user", "auth"] if isinstance(request, Request) else ["user", "auser"]
    return [name for name in names if getattr(request, name, None) is not None]


def _recording(access: UserAccess, name: str, value: Any) -> Any:
    """A lazy object in place of the value, which records that it is used."""

    def record() -> Any:
        """Record the access, and return the value.

        Raises UserReadInSharedTier instead if the project is strict about that.
        """
        access.recorded = True
        if option("STRICT_SHARED_TIER"):
            raise UserReadInSharedTier(UserReadInSharedTier.__doc__)
        return value

    async def record_async() -> Any:
        return await record()()

    return record_async if name == "auser" else SimpleLazyObject(record)


STORED_HEADERS = (
    "Content-Type",
    "Content-Language",
    "Content-Disposition",
    "Content-Location",
    "Last-Modified",
    "Link",
)
KEYED = {"accept", "authorization", "cookie", "accept-language"}
"""Request headers in `Vary` that do not prevent storing: key or tier vary by them."""


@dataclass(frozen=True)
class StoredResponse(Immutable):
    """A response with status 200; `made` is the Unix time of its creation."""

    body: bytes
    headers: tuple[tuple[str, str], ...]
    etag: str
    made: float = field(default_factory=time.time)
    hits: dict[str, dict[str, str]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """For each tier, the headers of a hit except Age; see cached_response."""

    @property
    def size(self) -> int:
        texts = [text for pair in self.headers for text in pair]
        return len(self.body) + sum(len(text) + 100 for text in texts)

    @classmethod
    def of(cls, response: HttpResponse) -> "StoredResponse":
        names = (*STORED_HEADERS, *option("KEPT_HEADERS"))
        headers = tuple((name, response[name]) for name in names if name in response)
        etag = response.get("ETag") or etag_of(response.content, headers)
        return cls(body=response.content, headers=headers, etag=etag)

    def to_bytes(self) -> bytes:
        """A line of JSON (ETag, Unix time, headers as pairs), then the body."""
        head = json.dumps([self.etag, self.made, self.headers]).encode()
        return head + b"\n" + self.body

    @classmethod
    def from_bytes(cls, encoded: bytes) -> "StoredResponse":
        line, _, body = encoded.partition(b"\n")
        try:
            etag, made, pairs = json.loads(line)
            headers = tuple((name, value) for name, value in pairs)
            texts = [etag, *(text for pair in headers for text in pair)]
            if any("\n" in text or "\r" in text for text in texts):
                raise ValueError("a header has two lines")
            return cls(body=body, headers=headers, etag=etag, made=float(made))
        except TypeError as error:
            raise ValueError(f"these bytes are no response: {error}") from None

    def headers_of_304(self) -> dict[str, str]:
        return {name: text for name, text in self.headers if name != "Content-Type"}


def etag_of(content: bytes, headers: tuple[tuple[str, str], ...]) -> str:
    """A digest of the body and the stored headers; either may change alone."""
    digest = blake2b(content, digest_size=16)
    digest.update(repr(headers).encode())
    return f'"{digest.hexdigest()}"'


def storable(response: HttpResponseBase, request: AnyRequest, tier: str) -> bool:
    """Whether all users whose requests have the same key may get this response."""
    if response.status_code != 200 or response.streaming or response.cookies:
        return False
    if django_request(request).META.get("CSRF_COOKIE_NEEDS_UPDATE"):
        return False
    if response.has_header("Content-Encoding") or not _varies_by_key(response):
        return False
    if request.method == "HEAD" and not getattr(response, "content", b""):
        return False
    control = response.get("Cache-Control", "").lower()
    return "no-store" not in control and ("private" not in control or tier == "user")


def _varies_by_key(response: HttpResponseBase) -> bool:
    """Whether the key or the tier covers all headers in `Vary`."""
    names = response.get("Vary", "").lower().split(",")
    return {name.strip() for name in names} - {""} <= KEYED


def render(response: HttpResponseBase, request: AnyRequest) -> None:
    """Render the response now, so that the entry depends on what rendering reads."""
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


def cached_response(
    stored: StoredResponse, request: AnyRequest, *, tier: str
) -> HttpResponseBase:
    """The response to a hit.

    Its headers, except Age, are computed once and stored with the entry: computing them
    would be most of the work.
    """
    if _client_has(stored.etag, request):
        empty = HttpResponse()
        return finish(empty, request, tier=tier, outcome="HIT", stored=stored)
    if tier not in stored.hits:
        first = HttpResponse(headers=dict(stored.headers))
        _add_headers(first, tier=tier, outcome="HIT", stored=stored)
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
    """Add the headers of a decorated view; return a 304 if the client has this ETag."""
    if stored is not None and _client_has(stored.etag, request):
        response = HttpResponseNotModified(headers=stored.headers_of_304())
    _add_headers(response, tier=tier, outcome=outcome, stored=stored)
    return response


def _add_headers(
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
    header = django_request(request).META.get("HTTP_IF_NONE_MATCH")
    if not header:
        return False
    bare = {each.removeprefix("W/") for each in parse_etags(header)}
    return "*" in bare or etag.removeprefix("W/") in bare


MIDDLEWARE = "cachelayer.http.CacheTokenMiddleware"
USER_CACHES = ("_cached_user", "_acached_user")
"""Attributes that Django sets on a request whose user has been read."""


class CacheTokenMiddleware:
    """Takes the token of each request to a decorated view; first in MIDDLEWARE.

    The token is taken after the URL is resolved, but before the view authenticates the
    user: no permission is older than the token. With RedisCache a token costs a round
    trip; health checks, writes, uncached views and unknown URLs do without it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        """Take the token, unless a middleware has already read the user."""
        cacheable = request.method in ("GET", "HEAD") and is_cached(view)
        if cacheable and user_is_unread(request):
            take_token(token_holder(request))


def on_request_started(
    environ: dict[str, Any] | None = None, scope: dict[str, Any] | None = None, **_: Any
) -> None:
    """Take the token of every request, in a project without the middleware."""
    holder = scope if environ is None else environ
    if holder is not None and MIDDLEWARE not in settings.MIDDLEWARE:
        take_token(holder)
    monitor.check()


def take_token(holder: dict[str, Any]) -> None:
    """Store the cache's current token with the request whose environ or scope this is.

    A response is stored only if nothing that it depends on was invalidated since.
    """
    holder[TOKEN] = backend().token()


def token_of(request: AnyRequest) -> Any:
    """The token taken before the user was authenticated; None: there is none."""
    return token_holder(django_request(request)).get(TOKEN)


def token_holder(request: HttpRequest) -> dict[str, Any]:
    """The WSGI environ or ASGI scope, which exist before the request does."""
    holder: dict[str, Any] = getattr(request, "scope", None) or request.META
    return holder


def user_is_unread(request: HttpRequest) -> bool:
    """Whether no middleware has read the user.

    If one has, the user's permissions are older than a token that is taken now.
    """
    is_loaded = any(name in request.__dict__ for name in USER_CACHES)
    session = getattr(request, "session", None)
    return not is_loaded and not getattr(session, "accessed", False)


@lru_cache(1024)
def is_cached(view: Callable[..., Any]) -> bool:
    """Whether the view, or a method of its class, is decorated."""
    kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    methods = [getattr(kind, name, None) for name in dir(kind)] if kind else []
    if view in cached_views:
        return True
    return any(hasattr(each, "cache_key") for each in (view, *methods))


cached_views: set[Callable[..., Any]] = set()
"""Views that turned out to call a decorated function with their request."""


def remember(view: Callable[..., Any]) -> None:
    """Take tokens for requests of this view from now on; this one had none."""
    if view not in cached_views:
        cached_views.add(view)
        is_cached.cache_clear()
