"""Key text is exact: equal calls share a key, and different calls never do."""

from datetime import date
from decimal import Decimal
from enum import Enum, IntFlag
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cachelayer.keys import (
    UnkeyableArgument,
    digest_of,
    key_text,
    path_of,
    strip_prefix,
)

plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.decimals(allow_nan=False),
    st.uuids(),
    st.dates(),
)
values = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner), st.tuples(inner, inner), st.dictionaries(st.text(), inner)
    ),
    max_leaves=8,
)


@given(st.tuples(st.text(), st.text(), st.text(), st.text()))
def test_the_parts_of_a_key_cannot_run_into_each_other(parts):
    key = key_text(*parts)

    assert key.count(":") == 3


@given(*[st.tuples(st.text(), st.text(), st.text(), st.text())] * 2)
def test_different_parts_make_different_keys(one, other):
    assert (key_text(*one) == key_text(*other)) is (one == other)


@given(st.lists(st.text(min_size=1)).map(lambda parts: "/" + "/".join(parts)))
def test_the_path_is_read_back_from_the_key(path):
    assert path_of(key_text("endpoint", path, "hash", "1")) == path


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("plain", "plain"),
        ("custom:5", "custom:5"),
        ("custom:/a/5:x", "/a/5"),
        ("/a/b", "/a/b"),
    ],
)
def test_the_path_of_a_raw_key_is_its_first_field_with_a_slash(key, path):
    assert path_of(key) == path


@given(values, values)
def test_values_that_differ_have_different_digests(one, other):
    if repr(one) != repr(other) and one != other:
        assert digest_of(one) != digest_of(other)


@given(values)
def test_equal_values_have_one_digest(value):
    assert digest_of(value) == digest_of(value)


def test_values_of_different_types_that_compare_equal_differ():
    same = [1, True, 1.0, Decimal(1), "1"]

    assert len({digest_of(value) for value in same}) == len(same)


def test_the_order_of_a_mapping_and_of_a_set_does_not_count():
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of({"a", "b", "c"}) == digest_of({"c", "b", "a"})


def test_digests_are_the_same_in_every_process():
    class Colour(Enum):
        RED = 1

    value = {"n": 1, "d": date(2026, 1, 2), "u": UUID(int=1), "s": {"a", "b"}}

    assert digest_of(value) == "9ec076ce9ab8b7cfdb8fa7b093e2f87f"
    assert digest_of(Colour.RED) != digest_of(1)


def test_enumerations_of_one_name_differ_by_their_module():
    one, other = (Enum("Colour", ["RED"], module=name) for name in ("a", "b"))

    assert digest_of(one.RED) != digest_of(other.RED)


def test_flags_without_a_name_differ_by_their_bits():
    class Right(IntFlag):
        READ = 1

    assert digest_of(Right(2)) != digest_of(Right(4))


def test_a_value_without_stable_text_is_refused():
    with pytest.raises(UnkeyableArgument, match="key_function"):
        digest_of(object())


@pytest.mark.parametrize(
    ("path", "stripped"),
    [
        ("/api/v1/a", "/a"),
        ("/api/v1", "/"),
        ("/api/v10/a", "/api/v10/a"),
        ("/other", "/other"),
    ],
)
def test_the_prefix_is_taken_off_by_segments(path, stripped):
    assert strip_prefix(path, "/api/v1") == stripped
