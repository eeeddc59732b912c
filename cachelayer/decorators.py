"""The decorators, which declare tier, lifetime and tags where a value is computed.

A Recipe makes the key and tags of a call; a Call is one call of a decorated function.
"""

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
from cachelayer.entries import FreshEntry
from cachelayer.http import (
    AnyRequest,
    StoredResponse,
    UserAccess,
    cached_response,
    django_request,
    finish,
    has_undeclared_parameter,
    key_parts,
    media_type_of,
    remember,
    render,
    slots_of,
    storable,
    tags_added_to,
    token_of,
    user_access_recorded,
    user_id_of,
)
from cachelayer.keys import (
    digest_of,
    digest_of_text,
    key_text,
    path_tags,
    pattern_tags,
    strip_prefix,
)
from cachelayer.locks import single_flight
from cachelayer.manager import cache_manager
from cachelayer.stamps import slot
from cachelayer.stats import count_route
from cachelayer.transactions import depend_on, dependencies


@dataclass
class Call:
    """One call of a decorated function: its key, its tags, and the entry of a hit.

    As a context manager it surrounds the computation of the value.
    """

    recipe: "Recipe"
    key: str
    tags: Callable[[], list[str]]
    """Computes the tags; it is called on a miss only."""
    bypass: bool
    request: Any = None
    token: Any = None
    """The token that was taken when the request began, else that of the look-up."""
    entry: FreshEntry | None = None
    slots: set[int] = field(default_factory=set)
    computes_for_others: bool = False
    """This call leads a single-flight: other threads wait for it to finish."""
    user_access: UserAccess | None = None

    def __post_init__(self) -> None:
        self.bypass = self.bypass or transactions.dirty()
        self._reading = transactions.Reading()

    def find(self, *, wait: bool) -> bool:
        """Look for a fresh entry, and count a hit, a miss or a bypass. False: none.

        wait: whether to wait for another thread that computes the same value.
        """
        backend = transactions.backend()
        backend.refresh_host()
        self.bypass = self.bypass or backend.out_of_service()
        if self.bypass:
            self._count(backend, "bypasses")
            return False
        token, self.entry = backend.lookup(self.key)
        if self.token is None:
            self.token = token
        absent = self.entry is None and self.token is not None
        if absent and wait and not transactions.in_transaction():
            self._join(backend)
        self._count(backend, "misses" if self.entry is None else "hits")
        if self.entry is not None:
            depend_on(self.entry.slots)
        return self.entry is not None

    def _count(self, backend: Any, outcome: str) -> None:
        backend.count(self.recipe.tier, outcome)
        count_route(self.recipe.route(self.request), outcome)

    def _join(self, backend: Any) -> None:
        """Lead the single-flight of this key, or wait for the thread that does."""
        finished = single_flight.join((self.key, self.token))
        if finished is None:
            self.computes_for_others = True
            self.entry = backend.find(self.key)  # another thread may just have finished
        elif finished.wait(option("SINGLE_FLIGHT_WAIT")):
            self.entry = backend.find(self.key)

    def __enter__(self) -> None:
        self.slots.update(map(slot, self.tags()))
        with ExitStack() as stack:
            stack.callback(depend_on, self.slots)
            stack.callback(dependencies.reset, dependencies.set(self.slots))
            self.recipe.enter(self, stack)
            self._computing = stack.pop_all()

    def __exit__(self, *_: object) -> None:
        self._computing.close()

    def finish(self) -> None:
        if self.computes_for_others:
            single_flight.finish((self.key, self.token))

    def store(self, value: Any) -> bool:
        """Store a value that was computed from committed rows. False: not stored."""
        if self.bypass or not self._reading.committed():
            return False
        stored: bool = transactions.backend().fill(
            self.key,
            value,
            token=self.token,
            slots=self.slots,
            ttl=self.recipe.seconds(),
            tier=self.recipe.tier,
        )
        return stored


class Recipe:
    """The declaration of a decorator on a plain function."""

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
        # Functions that are defined in a function share a name, but their closures
        # differ: each has its own entries.
        self.own = uuid4().hex if "<" in self.name else ""
        self.signature = inspect.signature(function)
        self.check()

    def check(self) -> None:
        """Raises TypeError if the function does not fit the tier."""
        if self.tier == "user" and not {"user", "user_id"} & set(
            self.signature.parameters
        ):
            raise TypeError(
                f"{self.name} needs an argument user or user_id: "
                "its values differ by user"
            )

    def route(self, request: Any) -> str:
        """The name under which calls are counted."""
        return f"{self.tier} {self.name}"

    def seconds(self) -> float:
        return ttl_of(self.tier) if self.ttl is None else self.ttl

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call | None:
        """The call with its key; None: the call is not cached."""
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = dict(bound.arguments)
        user_id = self._user_id(arguments)
        custom = self.key_function(arguments) if self.key_function else None
        path = self.filled_pattern(arguments) or f"/fn/{self.name}"
        if self.tier == "user":  # the key has a part for the user
            arguments.pop("user" if "user" in arguments else "user_id")
        digest = digest_of(
            [self.name, self.own, arguments if custom is None else custom]
        )
        key = key_text(self.tier, custom or path, digest, user_id)
        anonymous = self.tier == "user" and not user_id

        def tags() -> list[str]:
            patterns = [*pattern_tags(path), *pattern_tags(custom or path)]
            return [f"fn:{self.name}", *patterns, *user_tags(user_id)]

        return Call(self, key, tags, bypass=anonymous)

    def _user_id(self, arguments: dict[str, Any]) -> str:
        if self.tier != "user":
            return ""
        user = arguments.get("user", arguments.get("user_id"))
        key = getattr(user, "pk", user)
        return "" if key is None else str(key)

    def filled_pattern(self, arguments: dict[str, Any]) -> str:
        """The declared pattern with its placeholders filled."""
        return self.pattern.format_map(arguments) if self.pattern else ""

    def enter(self, call: Call, stack: ExitStack) -> None:
        """Enter further context managers around the computation of the value."""

    def cached_value(self, call: Call) -> Any:
        """The value that a hit returns."""
        return call.entry.load() if call.entry else None

    def computed_value(self, call: Call, value: Any) -> Any:
        """Store the value of a miss, and return it."""
        call.store(value)
        return value

    def cache_key(self, *args: Any, **kwargs: Any) -> str:
        """The key text of this call."""
        call = self.call(args, kwargs)
        return call.key if call else ""

    def invalidate(self, *args: Any, **kwargs: Any) -> None:
        """Invalidate the entry of this call; without arguments, all entries."""
        if args or kwargs:
            cache_manager.invalidate(self.cache_key(*args, **kwargs))
        else:
            cache_manager.invalidate_pattern(f"fn:{self.name}")


def user_tags(user_id: str) -> list[str]:
    return pattern_tags(f"/user/{user_id}/*") if user_id else []


def takes_request(function: Any) -> bool:
    """Whether the function is a view: its first or second argument is `request`."""
    return "request" in list(inspect.signature(function).parameters)[:2]


def request_in(args: tuple[Any, ...]) -> AnyRequest:
    """The request of a view's call. Raises TypeError."""
    for each in args[:2]:
        if isinstance(each, HttpRequest | Request):
            return each
    raise TypeError("a decorated view takes the request first, or after self")


@lru_cache
def route_name(tier: str, route: str, prefix: str) -> str:
    return f"{tier} {strip_prefix(f'/{route}', prefix)}"


stripped = lru_cache(1024)(strip_prefix)


class ViewRecipe(Recipe):
    """The declaration of a decorator on a Django view or a method of a DRF view.

    The decorator runs after the view's permission checks. An entry is shared by one
    audience, in the tier `user` by one user.
    """

    def check(self) -> None:
        """Every view fits: the user comes with the request."""

    def route(self, request: AnyRequest) -> str:
        """The URL pattern of the request; without one, the name of the view."""
        match = django_request(request).resolver_match
        if match is None:
            return super().route(request)
        return route_name(self.tier, match.route, option("PATH_PREFIX"))

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call | None:
        request = request_in((*args, kwargs.get("request")))
        if request.method not in ("GET", "HEAD"):
            return None
        path = stripped(django_request(request).path_info, option("PATH_PREFIX"))
        custom = self.key_function(kwargs) if self.key_function else ""
        user_id = user_id_of(request) if self.tier == "user" else ""
        digest = digest_of_text(repr((self.name, self.own, *key_parts(request))))
        key = key_text(self.tier, custom or path, digest, user_id)
        token = token_of(request)
        match = django_request(request).resolver_match
        if token is None and match is not None:
            remember(match.func)
        bypass = (
            token is None  # the user's permissions may be older than a token taken now
            or (self.tier == "user" and not user_id)
            or media_type_of(request) is None
            or has_undeclared_parameter(request, self._declared(args, request))
        )

        def tags() -> list[str]:
            declared = filter(None, (custom, self.filled_pattern(kwargs)))
            patterns = [tag for pattern in declared for tag in pattern_tags(pattern)]
            return [
                f"fn:{self.name}",
                *path_tags(path),
                *user_tags(user_id),
                *patterns,
            ]

        return Call(self, key, tags, bypass, request, token)

    def _declared(self, args: tuple[Any, ...], request: AnyRequest) -> frozenset[str]:
        """The query parameters that the view, or the view function, declares."""
        context = getattr(request, "parser_context", None) or {}
        view = context.get("view", args[0] if args else None)
        names = getattr(view, "query_params", None) if view is not request else None
        if names is None:
            names = getattr(self.function, "query_params", ())
        return frozenset(names or ())

    def enter(self, call: Call, stack: ExitStack) -> None:
        stack.enter_context(tags_added_to(call.slots, call.request))
        if self.tier != "user" and not call.bypass:
            access = user_access_recorded(call.request)
            call.user_access = stack.enter_context(access)

    def cached_value(self, call: Call) -> Any:
        # A StoredResponse is immutable: it is shared, not loaded as a copy.
        stored: StoredResponse = call.entry.value  # type: ignore[union-attr]
        return cached_response(stored, call.request, tier=self.tier)

    def computed_value(self, call: Call, response: Any) -> Any:
        if call.bypass or response.status_code != 200:
            return self._finish(call, response, "BYPASS")
        render(response, call.request)
        shareable = storable(response, call.request, self.tier)
        if not shareable or (call.user_access and call.user_access.happened):
            return self._finish(call, response, "BYPASS")
        stored = StoredResponse.of(response)
        outcome = "MISS" if call.store(stored) else "BYPASS"
        return self._finish(call, response, outcome, stored)

    def _finish(
        self,
        call: Call,
        response: Any,
        outcome: str,
        stored: StoredResponse | None = None,
    ) -> Any:
        return finish(
            response, call.request, tier=self.tier, outcome=outcome, stored=stored
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

    ttl: seconds, those of the tier by default. pattern: what invalidates the entry
    besides its own path; its placeholders are filled from the call. key_function: takes
    the call's keyword arguments and returns the text that replaces the path in the key.
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
        call = recipe.call(args, kwargs)
        if call is None:
            return recipe.function(*args, **kwargs)
        try:
            if call.find(wait=True):
                return recipe.cached_value(call)
            with call:
                value = recipe.function(*args, **kwargs)
                return recipe.computed_value(call, value)
        finally:
            call.finish()

    return wrapper


def asynchronous(recipe: Recipe) -> Any:
    """Reads keys and the state of transactions on the thread of the connections.

    That thread must not wait for a single-flight: the leader's queries need the thread,
    so both would wait for ever.
    """

    @wraps(recipe.function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = await sync_to_async(recipe.call)(args, kwargs)
        if call is None:
            return await recipe.function(*args, **kwargs)
        if await sync_to_async(call.find)(wait=False):
            return recipe.cached_value(call)
        with call:
            value = await recipe.function(*args, **kwargs)
            return await sync_to_async(recipe.computed_value)(call, value)

    return wrapper


def add_cache_tags(request: AnyRequest, *patterns: str) -> None:
    """Let these patterns invalidate the response that is being computed, too."""
    slots = slots_of(request)
    if slots is not None:
        slots.update(slot(tag) for each in patterns for tag in pattern_tags(each))


cache_endpoint = partial(cached, cache_type="endpoint")
cache_global_data = partial(cached, cache_type="global")
cache_user_data = partial(cached, cache_type="user")
cache_branch_data = partial(cached, cache_type="branch")
