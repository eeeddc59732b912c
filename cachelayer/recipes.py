"""How a call of a plain function becomes a key and its tags."""

import inspect
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, ClassVar
from uuid import uuid4

from cachelayer.attempts import Attempt
from cachelayer.keys import digest_of, key_text
from cachelayer.manager import cache_manager
from cachelayer.options import ttl_of
from cachelayer.patterns import pattern_tags


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
