"""Paths become tags, patterns become one tag: what shares a tag retires together.

A tag is a path (`/a/b`, that path alone) or a prefix (`/a/*`: `/a` and all below).
"""

ROOT = "/*"
WILD = frozenset("*?[")
META = frozenset(r".^$*+?{}[]\|()")


def prefix(segments: list[str]) -> str:
    return "/".join(["", *segments, "*"])


def segments_of(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def path_tags(path: str) -> list[str]:
    """Every tag that retires this path, widest first."""
    if not path.startswith("/"):
        return [ROOT, path]
    parts = segments_of(path)
    prefixes = [prefix(parts[:depth]) for depth in range(len(parts) + 1)]
    return [*prefixes, "/" + "/".join(parts)]


def pattern_tags(pattern: str) -> list[str]:
    """Every tag that retires an entry which declares this pattern."""
    tag = widen(pattern)
    if not tag.endswith("/*"):
        return path_tags(tag)
    return path_tags(tag[:-2] or "/")[:-1]


def widen(pattern: str) -> str:
    """The nearest tag that covers all the pattern matches.

    A wildcard inside a path and a regular expression (`re:…`) are cut back to the
    prefix before them: more misses, never staleness.
    """
    if pattern.startswith("re:"):
        return _widen_expression(pattern.removeprefix("re:"))
    if not pattern.startswith("/"):
        return ROOT if WILD & set(pattern) else pattern
    kept: list[str] = []
    for segment in segments_of(pattern):
        if WILD & set(segment):
            return prefix(kept)
        kept.append(segment)
    return "/" + "/".join(kept)


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
    if char and char in "*?{+":  # it may take the last character away again
        literal = literal[:-1]
    return prefix(segments_of(literal[: literal.rfind("/") + 1]))
