"""Key texts, and the tags that a path or a pattern stands for.

A key is `{cache_type}:{path}:{hash}:{user_id}`. A tag is a path (`/a/b`, that path
alone) or a prefix (`/a/*`: `/a` and all paths below). Invalidating a tag invalidates
every entry that has it.
"""

import json
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum, Flag
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.db.models import Model

ROOT = "/*"
WILD = frozenset("*?[")
META = frozenset(r".^$*+?{}[]\|()")


def prefix(segments: list[str]) -> str:
    return "/".join(["", *segments, "*"])


def segments_of(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def path_tags(path: str) -> list[str]:
    """Every tag whose invalidation covers this path, the widest first."""
    if not path.startswith("/"):
        return [ROOT, path]
    parts = segments_of(path)
    prefixes = [prefix(parts[:depth]) for depth in range(len(parts) + 1)]
    return [*prefixes, "/" + "/".join(parts)]


def pattern_tags(pattern: str) -> list[str]:
    """Every tag whose invalidation covers an entry that declares this pattern."""
    tag = widen(pattern)
    if not tag.endswith("/*"):
        return path_tags(tag)
    return path_tags(tag[:-2] or "/")[:-1]


def widen(pattern: str) -> str:
    """The narrowest tag that covers everything the pattern matches.

    A path with a wildcard inside and a regular expression (`re:…`) become the prefix
    before the wildcard: that costs misses, and never leaves a stale entry.
    """
    if pattern.startswith("re:"):
        return _widen_expression(pattern.removeprefix("re:"))
    if not pattern.startswith("/"):
        return ROOT if WILD & set(pattern) else pattern
    literal: list[str] = []
    for segment in segments_of(pattern):
        if WILD & set(segment):
            return prefix(literal)
        literal.append(segment)
    return "/" + "/".join(literal)


def _widen_expression(expression: str) -> str:
    if not expression.startswith("^/") or "|" in expression:
        return ROOT
    literal = ""
    for char in expression.removeprefix("^"):
        if char in META:
            break
        literal += char
    else:
        char = ""
    if char and char in "*?{+":  # the last character is optional or repeated
        literal = literal[:-1]
    return prefix(segments_of(literal[: literal.rfind("/") + 1]))


PLAIN = frozenset((str, int, float, bool, type(None)))
NAMED = (str, int, float, bytes, Decimal, UUID, date, time, timedelta)
"""Types whose subclasses may share a `repr`, so that the type's name is added."""


class UnkeyableArgument(TypeError):
    """An argument has no stable text; pass key_function to the decorator."""


def quote(part: str) -> str:
    return part.replace("%", "%25").replace(":", "%3A")


def unquote(part: str) -> str:
    return part.replace("%3A", ":").replace("%25", "%")


def key_text(cache_type: str, path: str, digest: str, user_id: str = "") -> str:
    return ":".join(quote(part) for part in (cache_type, path, digest, user_id))


def path_of(key: str) -> str:
    """The path that patterns match: the key's first field with a slash at its start."""
    for field in key.split(":"):
        if field.startswith("/"):
            return unquote(field)
    return key


def strip_prefix(path: str, prefix: str) -> str:
    """The path below the prefix; a path that does not start with it is unchanged."""
    outer, parts = segments_of(prefix), segments_of(path)
    if parts[: len(outer)] != outer:
        return path
    return "/" + "/".join(parts[len(outer) :])


def digest_of(value: Any) -> str:
    """A digest that is the same in every process for equal values of equal types."""
    return digest_of_text(json.dumps(canonical(value)))


def digest_of_text(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def name_of(kind: type[Any]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def canonical(value: Any) -> Any:
    """The value as JSON data, which is different for different values.

    Raises UnkeyableArgument.
    """
    if type(value) in PLAIN:
        return [type(value).__name__, repr(value)]
    if isinstance(value, Enum):
        # A combination of flags may have no name.
        number = value.value if isinstance(value, Flag) else None
        return ["enum", name_of(type(value)), value.name, number]
    if isinstance(value, NAMED):
        return [name_of(type(value)), repr(value)]
    if isinstance(value, Model):
        return ["model", value._meta.label, canonical(value.pk)]
    if isinstance(value, Mapping):
        items = [[canonical(key), canonical(item)] for key, item in value.items()]
        return ["map", sorted(items, key=json.dumps)]
    if isinstance(value, set | frozenset):
        return ["set", sorted((canonical(item) for item in value), key=json.dumps)]
    if isinstance(value, list | tuple):
        return [name_of(type(value)), [canonical(item) for item in value]]
    raise UnkeyableArgument(
        f"{type(value).__qualname__} has no stable text for a cache key; "
        "pass key_function to the decorator"
    )
