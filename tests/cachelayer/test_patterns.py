"""A pattern invalidates every path that it matches, by segments; more is allowed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cachelayer.keys import path_tags, pattern_tags, widen

segment = st.text(st.characters(exclude_characters="/", codec="utf-8"), min_size=1)
name = st.from_regex(r"[a-z0-9-]{1,6}", fullmatch=True)
paths = st.lists(name, max_size=5).map(lambda parts: "/" + "/".join(parts))


def invalidates(pattern: str, path: str) -> bool:
    return widen(pattern) in path_tags(path)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/a/*", "/a", True),
        ("/a/*", "/a/", True),
        ("/a/*", "/a/b/c", True),
        ("/a/*", "/ab", False),
        ("/a", "/a", True),
        ("/a", "/a/b", False),
        ("/a/", "/a", True),
        ("/a/*/c", "/a/b/c", True),
        ("/a/*/c", "/a/b/d", True),  # widened to /a/*
        ("/a/b*", "/a/bc", True),
        ("/*", "/anything", True),
        ("*", "/anything", True),
        ("/*", "a-raw-key", True),
        ("a-raw-key", "a-raw-key", True),
        ("a-raw-key", "another", False),
        ("re:^/a/(b|c)/d$", "/a/b/d", True),
        ("re:a", "/z/a", True),
        ("re:^/a/b?c", "/a/c", True),
    ],
)
def test_a_pattern_covers_a_path_by_segments(pattern, path, expected):
    assert invalidates(pattern, path) is expected


@given(paths, paths)
def test_a_prefix_pattern_invalidates_exactly_what_is_at_or_below_it(base, path):
    below = path == base or path.startswith(base.rstrip("/") + "/")

    assert invalidates(base.rstrip("/") + "/*", path) is below


@given(paths, paths)
def test_a_plain_path_invalidates_only_itself(base, path):
    assert invalidates(base, path) is (base == path)


@given(st.lists(st.one_of(segment, st.just("*")), max_size=5), st.data())
def test_what_a_wildcard_inside_matches_is_invalidated(parts, data):
    pattern = "/" + "/".join(parts)
    path = "/" + "/".join(
        data.draw(name) if part == "*" else part.replace("*", "x") for part in parts
    )

    assert invalidates(pattern, path)


@given(paths, st.data())
def test_what_an_expression_matches_is_invalidated(path, data):
    cut = data.draw(st.integers(0, len(path)))
    tail = data.draw(
        st.sampled_from(["", ".*", "[a-z/]*", "?", "+", "*", "{0,2}", "$"])
    )
    start = data.draw(st.sampled_from(["^", ""]))
    expression = f"{start}{path[:cut]}{tail if cut else ''}"
    if re.search(expression, path):
        assert invalidates(f"re:{expression}", path)


@given(paths, paths)
def test_an_entry_with_a_declared_pattern_is_invalidated_with_every_wider_one(
    base, path
):
    declared = path.rstrip("/") + "/*"
    wider = base.rstrip("/") + "/*"

    covered = path == base or path.startswith(base.rstrip("/") + "/")
    assert (widen(wider) in pattern_tags(declared)) is covered


@given(st.text())
def test_any_text_is_a_pattern_and_invalidates_what_declares_it(pattern):
    assert widen(pattern) in pattern_tags(pattern)
