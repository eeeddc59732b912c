"""Recipes for Django views and DRF view methods, applied after permissions."""

import inspect
from contextlib import ExitStack
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request

from cachelayer.answers import finish, hit
from cachelayer.keys import digest_of_text, key_text, strip_prefix
from cachelayer.middleware import remember
from cachelayer.options import option
from cachelayer.patterns import path_tags, pattern_tags
from cachelayer.recipes import Attempt, Recipe, user_tags
from cachelayer.requests import (
    AnyRequest,
    begun,
    media_type_of,
    open_tags,
    plain,
    traits,
    undeclared,
    user_id_of,
    watched_user,
)
from cachelayer.responses import StoredResponse, render, storable


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
