"""What `manage.py check` refuses: a mistyped option must not pass in silence."""

from collections.abc import Callable
from difflib import get_close_matches
from numbers import Real
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

from cachelayer.options import DEFAULTS, option

OURS = "cachelayer.backends.MemoryCache or RedisCache"


def check_options(**_: Any) -> list[CheckMessage]:
    """E001 unknown option, E002 a value of the wrong kind."""
    found: list[CheckMessage] = []
    for name, value in getattr(settings, "CACHELAYER", {}).items():
        if name not in DEFAULTS:
            found.append(_unknown(name))
        elif not _fits(name, value):
            found.append(
                Error(
                    f"CACHELAYER[{name!r}] is {value!r}.",
                    hint=f"It is {KINDS[_kind(name)][1]}.",
                    id="cachelayer.E002",
                )
            )
    return found


def check_alias(**_: Any) -> list[CheckMessage]:
    """E003: decorators and declarations need a backend that retires by tag."""
    alias = option("ALIAS")
    backend = str(settings.CACHES.get(alias, {}).get("BACKEND", ""))
    if backend.startswith("cachelayer."):
        return []
    return [
        Error(
            f"CACHES[{alias!r}] is {backend or 'missing'}: it cannot retire by tag.",
            hint=f"Use {OURS}, or name another alias in CACHELAYER['ALIAS'].",
            id="cachelayer.E003",
        )
    ]


def check_atomic_requests(**_: Any) -> list[CheckMessage]:
    """E004: within one transaction per request nothing could be stored."""
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


def _unknown(name: str) -> CheckMessage:
    close = get_close_matches(str(name), DEFAULTS, 1)
    hint = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(DEFAULTS)}."
    return Error(f"CACHELAYER has no option {name!r}.", hint=hint, id="cachelayer.E001")


def _number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _names(value: Any) -> bool:
    listed = isinstance(value, list | tuple)
    return listed and all(isinstance(name, str) for name in value)


def _callable(value: Any) -> bool:
    try:
        return callable(import_string(value))
    except (ImportError, TypeError, AttributeError):
        return False


KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "rate": (lambda value: _number(value) and 0 <= value <= 1, "a share, 0 to 1"),
    "flag": (lambda value: isinstance(value, bool), "True or False"),
    "text": (lambda value: isinstance(value, str), "a text"),
    "callable": (_callable, "the dotted path of a callable that takes the request"),
    "names": (_names, "a list of header names"),
    "seconds": (lambda value: _number(value) and value > 0, "a number of seconds"),
}


def _kind(name: str) -> str:
    special = {"LOW_HIT_RATE": "rate", "STRICT_SHARED_TIER": "flag"}
    special |= {"KEPT_HEADERS": "names", "STATISTICS_FOLDER": "text"}
    special |= {"ALIAS": "text", "PATH_PREFIX": "text", "AUDIENCE": "callable"}
    return special.get(name, "seconds")


def _fits(name: str, value: Any) -> bool:
    return KINDS[_kind(name)][0](value)
