"""What `manage.py check` says of what the cache needs around it.

Warnings: without it everything is served, and nothing is cached.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core.checks import CheckMessage, Warning
from django.urls import get_resolver
from django.utils.module_loading import import_string
from rest_framework.views import APIView

from cachelayer.options import option
from cachelayer.views import ViewRecipe


def check_user_tier(**_: Any) -> list[CheckMessage]:
    """W005: where nobody is known, a view in the user tier is never cached."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return []
    routed = callbacks(get_resolver().url_patterns)
    found = {
        recipe.name
        for view in routed
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
        for name in sorted(found)
    ]


def check_folders(**_: Any) -> list[CheckMessage]:
    """W006: the host's processes share their stamps, debts and counts there."""
    return [
        Warning(
            f"{place} is {folder!r}: {fault}.",
            hint="Name a folder that this user may write into.",
            id="cachelayer.W006",
        )
        for place, folder in folders()
        if (fault := fault_of(Path(folder)))
    ]


def callbacks(patterns: Iterable[Any]) -> Iterator[Any]:
    for each in patterns:
        if hasattr(each, "url_patterns"):
            yield from callbacks(each.url_patterns)
        else:
            yield each.callback


def class_of(view: Any) -> Any:
    return getattr(view, "cls", None) or getattr(view, "view_class", None)


def recipes_of(view: Any) -> Iterator[ViewRecipe]:
    """Of the view, or of the methods of its class."""
    kind = class_of(view)
    for each in (view, *(getattr(kind, name, None) for name in ("get", "head"))):
        recipe = getattr(getattr(each, "cache_key", None), "__self__", None)
        if isinstance(recipe, ViewRecipe):
            yield recipe


def authenticates(view: Any) -> bool:
    kind = class_of(view)
    if isinstance(kind, type) and issubclass(kind, APIView):
        given = getattr(view, "initkwargs", {})
        return bool(given.get("authentication_classes", kind.authentication_classes))
    return any(map(knows_users, map(import_string, settings.MIDDLEWARE)))


def knows_users(middleware: Any) -> bool:
    return isinstance(middleware, type) and issubclass(
        middleware, AuthenticationMiddleware
    )


def folders() -> Iterator[tuple[str, str]]:
    """Which setting names which folder; a server's URL is none."""
    caches: dict[str, Any] = settings.CACHES
    for alias, cache in caches.items():
        if str(cache.get("BACKEND", "")).startswith("cachelayer."):
            named = cache.get("OPTIONS", {}).get("FOLDER", cache.get("LOCATION", ""))
            if named and "://" not in str(named):
                yield f"The folder of CACHES[{alias!r}]", str(named)
    if option("STATISTICS_FOLDER"):
        yield "CACHELAYER['STATISTICS_FOLDER']", str(option("STATISTICS_FOLDER"))


def fault_of(folder: Path) -> str:
    """Why processes cannot share files there; one that is not there can be made."""
    place = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
    if not place.is_dir():
        return f"{place} is no folder"
    if not os.access(place, os.W_OK | os.X_OK):
        return f"{place} cannot be written"
    kept = [file for file in folder.glob("stamps*") if not os.access(file, os.W_OK)]
    return f"{kept[0]} cannot be written" if kept else ""
