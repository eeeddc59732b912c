"""System checks: a wrong option is an error, a fault of the environment a warning.

With such a fault every request is answered, but nothing is cached.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from numbers import Real
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core.checks import CheckMessage, Error, Warning
from django.urls import get_resolver
from django.utils.module_loading import import_string
from rest_framework.views import APIView

from cachelayer.conf import DEFAULTS, FORMER_NAMES, option
from cachelayer.decorators import ViewRecipe

PRESENT_NAMES = {former: present for present, former in FORMER_NAMES.items()}
BACKENDS = "cachelayer.backends.MemoryCache or RedisCache"


def check_options(**_: Any) -> list[CheckMessage]:
    """E001 unknown option, E002 a value of the wrong kind, W007 a former name."""
    messages: list[CheckMessage] = []
    for name, value in getattr(settings, "CACHELAYER", {}).items():
        present = PRESENT_NAMES.get(name, name)
        if present not in DEFAULTS:
            messages.append(_unknown(name))
            continue
        if present != name:
            messages.append(_renamed(name))
        if not _fits(present, value):
            messages.append(_wrong_value(name, value))
    return messages


def check_alias(**_: Any) -> list[CheckMessage]:
    """E003: decorators and declarations need a backend that invalidates by tag."""
    alias = option("ALIAS")
    backend = str(settings.CACHES.get(alias, {}).get("BACKEND", ""))
    if backend.startswith("cachelayer."):
        return []
    return [
        Error(
            f"CACHES[{alias!r}] is {backend or 'missing'}: "
            "it cannot invalidate by tag.",
            hint=f"Use {BACKENDS}, or name another alias in CACHELAYER['ALIAS'].",
            id="cachelayer.E003",
        )
    ]


def check_atomic_requests(**_: Any) -> list[CheckMessage]:
    """E004: with one transaction per request, nothing can be stored."""
    return [
        Error(
            f"DATABASES[{alias!r}] has ATOMIC_REQUESTS: its reads come from a "
            "transaction that is older than the cache's token.",
            hint="Turn it off; use transaction.atomic() where writes belong together.",
            id="cachelayer.E004",
        )
        for alias, database in settings.DATABASES.items()
        if database.get("ATOMIC_REQUESTS")
    ]


def _renamed(name: str) -> CheckMessage:
    return Warning(
        f"CACHELAYER[{name!r}] is called {PRESENT_NAMES[name]!r} now.",
        hint="Rename it: the former name is read for one release.",
        id="cachelayer.W007",
    )


def _wrong_value(name: str, value: Any) -> CheckMessage:
    return Error(
        f"CACHELAYER[{name!r}] is {value!r}.",
        hint=f"It must be {KINDS[_kind(PRESENT_NAMES.get(name, name))][1]}.",
        id="cachelayer.E002",
    )


def _unknown(name: str) -> CheckMessage:
    close = get_close_matches(str(name), DEFAULTS, 1)
    hint = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(DEFAULTS)}."
    return Error(f"CACHELAYER has no option {name!r}.", hint=hint, id="cachelayer.E001")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _are_names(value: Any) -> bool:
    is_list = isinstance(value, list | tuple)
    return is_list and all(isinstance(name, str) for name in value)


def _is_callable(value: Any) -> bool:
    try:
        return callable(import_string(value))
    except (ImportError, TypeError, AttributeError):
        return False


KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "rate": (
        lambda value: _is_number(value) and 0 <= value <= 1,
        "a number from 0 to 1",
    ),
    "flag": (lambda value: isinstance(value, bool), "True or False"),
    "text": (lambda value: isinstance(value, str), "a string"),
    "callable": (_is_callable, "the dotted path of a callable that takes the request"),
    "names": (_are_names, "a list of header names"),
    "seconds": (lambda value: _is_number(value) and value > 0, "a number of seconds"),
}
"""For each kind of value: its check, and its description for the hint."""


def _kind(name: str) -> str:
    special = {"LOW_HIT_RATE": "rate", "STRICT_SHARED_TIER": "flag"}
    special |= {"KEPT_HEADERS": "names", "STATISTICS_FOLDER": "text"}
    special |= {"ALIAS": "text", "PATH_PREFIX": "text", "AUDIENCE": "callable"}
    return special.get(name, "seconds")


def _fits(name: str, value: Any) -> bool:
    return KINDS[_kind(name)][0](value)


def check_user_tier(**_: Any) -> list[CheckMessage]:
    """W005: a view in the user tier never caches if nobody is authenticated there."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return []
    names = {
        recipe.name
        for view in views_of(get_resolver().url_patterns)
        if not authenticates(view)
        for recipe in recipes_of(view)
        if recipe.tier == "user"
    }
    return [
        Warning(
            f"{name} is in the user tier, and nobody is authenticated there.",
            hint="Give its view authentication_classes, or MIDDLEWARE the"
            " AuthenticationMiddleware; or use another tier.",
            id="cachelayer.W005",
        )
        for name in sorted(names)
    ]


def check_folders(**_: Any) -> list[CheckMessage]:
    """W006: the processes of the host cannot share files in this folder."""
    return [
        Warning(
            f"{setting} is {folder!r}: {problem}.",
            hint="Name a folder that this user may write into.",
            id="cachelayer.W006",
        )
        for setting, folder in folders()
        if (problem := problem_with(Path(folder)))
    ]


CHECKS = (
    check_options,
    check_alias,
    check_atomic_requests,
    check_user_tier,
    check_folders,
)


def views_of(patterns: Iterable[Any]) -> Iterator[Any]:
    for each in patterns:
        if hasattr(each, "url_patterns"):
            yield from views_of(each.url_patterns)
        else:
            yield each.callback


def class_of(view: Any) -> Any:
    return getattr(view, "cls", None) or getattr(view, "view_class", None)


def recipes_of(view: Any) -> Iterator[ViewRecipe]:
    """The recipe of the view, or those of the methods of its class."""
    kind = class_of(view)
    for each in (view, *(getattr(kind, name, None) for name in ("get", "head"))):
        recipe = getattr(getattr(each, "cache_key", None), "__self__", None)
        if isinstance(recipe, ViewRecipe):
            yield recipe


def authenticates(view: Any) -> bool:
    """Whether requests of the view may have an authenticated user."""
    kind = class_of(view)
    if isinstance(kind, type) and issubclass(kind, APIView):
        initkwargs = getattr(view, "initkwargs", {})
        classes = initkwargs.get("authentication_classes", kind.authentication_classes)
        return bool(classes)
    return any(map(sets_user, map(import_string, settings.MIDDLEWARE)))


def sets_user(middleware: Any) -> bool:
    return isinstance(middleware, type) and issubclass(
        middleware, AuthenticationMiddleware
    )


def folders() -> Iterator[tuple[str, str]]:
    """(setting, folder) for each setting that names a folder, not a server's URL."""
    caches: dict[str, Any] = settings.CACHES
    for alias, cache in caches.items():
        if str(cache.get("BACKEND", "")).startswith("cachelayer."):
            folder = cache.get("OPTIONS", {}).get("FOLDER", cache.get("LOCATION", ""))
            if folder and "://" not in str(folder):
                yield f"The folder of CACHES[{alias!r}]", str(folder)
    if option("STATISTICS_FOLDER"):
        yield "CACHELAYER['STATISTICS_FOLDER']", str(option("STATISTICS_FOLDER"))


def problem_with(folder: Path) -> str:
    """Why processes cannot share files in this folder; empty if they can.

    The folder need not exist, if it can be created.
    """
    lowest = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
    if not lowest.is_dir():
        return f"{lowest} is not a folder"
    if not os.access(lowest, os.W_OK | os.X_OK):
        return f"{lowest} cannot be written"
    locked = [file for file in folder.glob("stamps*") if not os.access(file, os.W_OK)]
    return f"{locked[0]} cannot be written" if locked else ""
