"""The decorators: tier, life and tags are stated where the value is computed."""

import inspect
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache, partial, wraps
from inspect import iscoroutinefunction
from typing import Any, ClassVar
from uuid import uuid4

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from rest_framework.request import Request

from cachelayer import transactions
from cachelayer.conf import option, ttl_of
from cachelayer.entries import Found, collect, collecting
from cachelayer.http import (
    AnyRequest,
    StoredResponse,
    begun,
    finish,
    hit,
    media_type_of,
    open_tags,
    plain,
    remember,
    render,
    storable,
    tags_open_on,
    traits,
    undeclared,
    user_id_of,
    watched_user,
)
from cachelayer.keys import (
    digest_of,
    digest_of_text,
    key_text,
    path_tags,
    pattern_tags,
    strip_prefix,
)
from cachelayer.locks import flights
from cachelayer.manager import cache_manager
from cachelayer.stamps import slot
from cachelayer.stats import count_route


@dataclass
class Attempt:
    """One call: its key, what retires it, and what became of it."""

    recipe: "Recipe"
    key: str
    tags: Callable[[], list[str]]  # asked on a miss
    bypass: bool
    request: Any = None
    begun: Any = None
    entry: Found | None = None
    token: Any = None
    slots: set[int] = field(default_factory=set)
    leads: bool = False
    look: Any = None

    def __post_init__(self) -> None:
        self.bypass = self.bypass or transactions.dirty()
        self._reading = transactions.Reading()

    def find(self, *, wait: bool) -> bool:
        """Whether there is a fresh entry; counted as hit, miss or bypass."""
        backend = transactions.backend()
        backend.refresh_host()
        self.bypass = self.bypass or backend.out_of_service()
        if self.bypass:
            self._count(backend, "bypasses")
            return False
        token, self.entry = backend.lookup(self.key)
        self.token = token if self.begun is None else self.begun
        absent = self.entry is None and self.token is not None
        if absent and wait and not transactions.in_transaction():
            self._join(backend)
        self._count(backend, "misses" if self.entry is None else "hits")
        if self.entry is not None:
            collect(self.entry.slots)
        return self.entry is not None

    def _count(self, backend: Any, outcome: str) -> None:
        backend.count(self.recipe.tier, outcome)
        count_route(self.recipe.route(self.request), outcome)

    def _join(self, backend: Any) -> None:
        landed = flights.join((self.key, self.token))
        if landed is None:
            self.leads = True
            self.entry = backend.find(self.key)  # the last flight may just have landed
        elif landed.wait(option("SINGLE_FLIGHT_WAIT")):
            self.entry = backend.find(self.key)

    def __enter__(self) -> None:
        self.slots.update(map(slot, self.tags()))
        with ExitStack() as stack:
            stack.callback(collect, self.slots)
            stack.callback(collecting.reset, collecting.set(self.slots))
            self.recipe.around(self, stack)
            self._around = stack.pop_all()

    def __exit__(self, *_: object) -> None:
        self._around.close()

    def land(self) -> None:
        if self.leads:
            flights.land((self.key, self.token))

    def keep(self, value: Any) -> bool:
        """Store it, if what was read for it is committed; whether that was so."""
        if self.bypass or not self._reading.committed():
            return False
        kept: bool = transactions.backend().fill(
            self.key,
            value,
            token=self.token,
            slots=self.slots,
            ttl=self.recipe.seconds(),
            tier=self.recipe.tier,
        )
        return kept


class Recipe:
    """What a decorator says, for plain functions."""

    tiers: ClassVar = ("endpoint", "global", "user", "branch")

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        tier: str,
        ttl: float | None = None,
        pattern: str | None = None,
        key_function: Callable[[dict[str, Any]], str] | None = None,
    ) -> None:
        if tier not in self.tiers:
            raise TypeError(f"cache_type is one of {', '.join(self.tiers)}")
        self.function, self.tier, self.ttl = function, tier, ttl
        self.pattern, self.key_function = pattern, key_function
        self.name = f"{function.__module__}.{function.__qualname__}"
        # Functions made in a function share a name, and may differ in what they close
        # over: each has its own entries.
        self.own = uuid4().hex if "<" in self.name else ""
        self.signature = inspect.signature(function)
        self.check()

    def check(self) -> None:
        if self.tier == "user" and not {"user", "user_id"} & set(
            self.signature.parameters
        ):
            raise TypeError(
                f"{self.name} needs an argument user or user_id: "
                "its values differ by user"
            )

    def route(self, request: Any) -> str:
        """Under which name calls are counted."""
        return f"{self.tier} {self.name}"

    def seconds(self) -> float:
        return ttl_of(self.tier) if self.ttl is None else self.ttl

    def attempt(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Attempt | None:
        """None: this call is none that is cached."""
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = dict(bound.arguments)
        user_id = self._user_id(arguments)
        custom = self.key_function(arguments) if self.key_function else None
        path = self.filled(arguments) or f"/fn/{self.name}"
        if self.tier == "user":  # who it is has a part of the key to itself
            arguments.pop("user" if "user" in arguments else "user_id")
        digest = digest_of(
            [self.name, self.own, arguments if custom is None else custom]
        )
        key = key_text(self.tier, custom or path, digest, user_id)
        nobody = self.tier == "user" and not user_id

        def tags() -> list[str]:
            named = [*pattern_tags(path), *pattern_tags(custom or path)]
            return [f"fn:{self.name}", *named, *user_tags(user_id)]

        return Attempt(self, key, tags, bypass=nobody)

    def _user_id(self, arguments: dict[str, Any]) -> str:
        if self.tier != "user":
            return ""
        user = arguments.get("user", arguments.get("user_id"))
        key = getattr(user, "pk", user)
        return "" if key is None else str(key)

    def filled(self, arguments: dict[str, Any]) -> str:
        """The declared pattern with its placeholders filled."""
        return self.pattern.format_map(arguments) if self.pattern else ""

    def around(self, attempt: Attempt, stack: ExitStack) -> None:
        """What else holds while the value is computed."""

    def answer(self, attempt: Attempt) -> Any:
        return attempt.entry.load() if attempt.entry else None

    def keep(self, attempt: Attempt, value: Any) -> Any:
        attempt.keep(value)
        return value

    def cache_key(self, *args: Any, **kwargs: Any) -> str:
        """The key text of this call."""
        attempt = self.attempt(args, kwargs)
        return attempt.key if attempt else ""

    def invalidate(self, *args: Any, **kwargs: Any) -> None:
        """Retire this call's entry; without arguments, every entry."""
        if args or kwargs:
            cache_manager.invalidate(self.cache_key(*args, **kwargs))
        else:
            cache_manager.invalidate_pattern(f"fn:{self.name}")


def user_tags(user_id: str) -> list[str]:
    return pattern_tags(f"/user/{user_id}/*") if user_id else []


def takes_request(function: Any) -> bool:
    """A view names its first argument `request`, or its second, after `self`."""
    return "request" in list(inspect.signature(function).parameters)[:2]


def request_in(args: tuple[Any, ...]) -> AnyRequest:
    for each in args[:2]:
        if isinstance(each, HttpRequest | Request):
            return each
    raise TypeError("a decorated view takes the request first, or after self")


@lru_cache
def named(tier: str, route: str, prefix: str) -> str:
    return f"{tier} {strip_prefix(f'/{route}', prefix)}"


stripped = lru_cache(1024)(strip_prefix)


class ViewRecipe(Recipe):
    """Shared unless the tier is `user`; one entry per audience in any case."""

    def check(self) -> None:
        """The user comes with the request."""

    def route(self, request: AnyRequest) -> str:
        """By its place in the table of addresses; a view that has none, by name."""
        match = plain(request).resolver_match
        if match is None:
            return super().route(request)
        return named(self.tier, match.route, option("PATH_PREFIX"))

    def attempt(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Attempt | None:
        request = request_in((*args, kwargs.get("request")))
        if request.method not in ("GET", "HEAD"):
            return None
        path = stripped(plain(request).path_info, option("PATH_PREFIX"))
        custom = self.key_function(kwargs) if self.key_function else ""
        user_id = user_id_of(request) if self.tier == "user" else ""
        digest = digest_of_text(repr((self.name, self.own, *traits(request))))
        key = key_text(self.tier, custom or path, digest, user_id)
        token = begun(request)
        match = plain(request).resolver_match
        if token is None and match is not None:
            remember(match.func)
        bypass = (
            token is None  # whoever was authenticated may have lost rights since
            or (self.tier == "user" and not user_id)
            or media_type_of(request) is None
            or undeclared(request, self._declared(args, request))
        )

        def tags() -> list[str]:
            told = filter(None, (custom, self.filled(kwargs)))
            patterns = [tag for pattern in told for tag in pattern_tags(pattern)]
            own = [f"fn:{self.name}", *path_tags(path), *user_tags(user_id)]
            return own + patterns

        return Attempt(self, key, tags, bypass, request, token)

    def _declared(self, args: tuple[Any, ...], request: AnyRequest) -> frozenset[str]:
        """The query parameters that the view, or the view function, names."""
        context = getattr(request, "parser_context", None) or {}
        view = context.get("view", args[0] if args else None)
        known = getattr(view, "query_params", None) if view is not request else None
        if known is None:
            known = getattr(self.function, "query_params", ())
        return frozenset(known or ())

    def around(self, attempt: Attempt, stack: ExitStack) -> None:
        stack.enter_context(open_tags(attempt.request, attempt.slots))
        if self.tier != "user" and not attempt.bypass:
            attempt.look = stack.enter_context(watched_user(attempt.request))

    def answer(self, attempt: Attempt) -> Any:
        stored: StoredResponse = super().answer(attempt)
        return hit(stored, attempt.request, tier=self.tier)

    def keep(self, attempt: Attempt, response: Any) -> Any:
        if attempt.bypass or response.status_code != 200:
            return self._finish(attempt, response, "BYPASS")
        render(response, attempt.request)
        shareable = storable(response, attempt.request, self.tier)
        if not shareable or (attempt.look and attempt.look.seen):
            return self._finish(attempt, response, "BYPASS")
        stored = StoredResponse.of(response)
        outcome = "MISS" if attempt.keep(stored) else "BYPASS"
        return self._finish(attempt, response, outcome, stored)

    def _finish(
        self,
        attempt: Attempt,
        response: Any,
        outcome: str,
        stored: StoredResponse | None = None,
    ) -> Any:
        return finish(
            response, attempt.request, tier=self.tier, outcome=outcome, stored=stored
        )


def cached(
    fn: Callable[..., Any] | None = None,
    *,
    cache_type: str = "endpoint",
    ttl: float | None = None,
    pattern: str | None = None,
    key_function: Callable[[dict[str, Any]], str] | None = None,
) -> Any:
    """Cache a DRF view method, a Django view or a plain function, sync or async.

    ttl: seconds, the tier's unless given. pattern: what retires the entry, with
    placeholders filled from the call. key_function: takes the call's keyword
    arguments and gives the text that takes the path's place in the key.
    """
    if fn is None:
        return partial(
            cached,
            cache_type=cache_type,
            ttl=ttl,
            pattern=pattern,
            key_function=key_function,
        )
    kind = ViewRecipe if takes_request(fn) else Recipe
    recipe = kind(
        fn, tier=cache_type, ttl=ttl, pattern=pattern, key_function=key_function
    )
    wrapper = (asynchronous if iscoroutinefunction(fn) else synchronous)(recipe)
    wrapper.invalidate = recipe.invalidate
    wrapper.cache_key = recipe.cache_key
    return wrapper


def synchronous(recipe: Recipe) -> Any:
    @wraps(recipe.function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        attempt = recipe.attempt(args, kwargs)
        if attempt is None:
            return recipe.function(*args, **kwargs)
        try:
            if attempt.find(wait=True):
                return recipe.answer(attempt)
            with attempt:
                return recipe.keep(attempt, recipe.function(*args, **kwargs))
        finally:
            attempt.land()

    return wrapper


def asynchronous(recipe: Recipe) -> Any:
    """Keys and verdicts are taken on the thread that has the connections; it must
    not wait for a flight there, whose own queries would wait for it."""

    @wraps(recipe.function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        attempt = await sync_to_async(recipe.attempt)(args, kwargs)
        if attempt is None:
            return await recipe.function(*args, **kwargs)
        if await sync_to_async(attempt.find)(wait=False):
            return recipe.answer(attempt)
        with attempt:
            value = await recipe.function(*args, **kwargs)
            return await sync_to_async(recipe.keep)(attempt, value)

    return wrapper


def add_cache_tags(request: AnyRequest, *patterns: str) -> None:
    """What else retires the response that is being computed for this request."""
    slots = tags_open_on(request)
    if slots is not None:
        slots.update(slot(tag) for each in patterns for tag in pattern_tags(each))


cache_endpoint = partial(cached, cache_type="endpoint")
cache_global_data = partial(cached, cache_type="global")
cache_user_data = partial(cached, cache_type="user")
cache_branch_data = partial(cached, cache_type="branch")
