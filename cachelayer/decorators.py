"""The decorators: tier, life and tags are stated where the value is computed."""

from collections.abc import Callable
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Any

from asgiref.sync import sync_to_async

from cachelayer.patterns import pattern_tags
from cachelayer.recipes import Recipe
from cachelayer.requests import AnyRequest, tags_open_on
from cachelayer.stamps import slot
from cachelayer.views import ViewRecipe, takes_request


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
