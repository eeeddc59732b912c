"""Hypothesis: every database accepts what our parser accepts; errors name the place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.json_values import JSONValueError, check_json, parse_json

storable_text = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
storable = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | storable_text,
    lambda inner: st.lists(inner) | st.dictionaries(storable_text, inner),
    max_leaves=20,
)
refused = st.sampled_from(
    [
        "a\0b",
        "\ud800",
        float("nan"),
        float("inf"),
        2**63,
        -(10**5000),
        {"\0": 1},
        {"\udfff": 1},
    ]
)


@given(storable)
def test_what_is_storable_is_read_as_it_was_written(value):
    assert parse_json(json.dumps(value), max_depth=100) == value


@given(storable, refused)
def test_one_refused_value_anywhere_refuses_the_whole(value, bad):
    with pytest.raises(JSONValueError):
        check_json({"around": [value, {"inner": bad}]}, max_depth=100)


@given(st.binary())
def test_any_bytes_are_a_value_or_a_refusal(body):
    try:
        parse_json(body.decode("utf-8", "replace"))
    except JSONValueError as refusal:
        assert str(refusal)


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("levels", [33, 200, 100_000])
def test_depth_beyond_the_limit_is_a_refusal_and_no_crash(opening, levels):
    closing = {"[": "]", "{": "}"}
    ends = "".join(closing[c] for c in reversed(opening) if c in closing)

    with pytest.raises(JSONValueError, match="Nested too deep; 32 levels"):
        parse_json(opening * levels + "1" + ends * levels)


def test_depth_at_the_limit_is_taken():
    assert parse_json("[" * 32 + "]" * 32) is not None


def test_a_deep_value_made_in_python_is_a_refusal_and_no_crash():
    value: list[object] = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(JSONValueError, match="Nested too deep"):
        check_json(value)


@pytest.mark.parametrize(
    ("text", "place", "finding"),
    [
        ('{"sources": [{}, {"text": "a\\u0000b"}]}', "sources[1].text", "NUL"),
        ('{"a": {"b": "\\ud800"}}', "a.b", "surrogate"),
        ('{"a": {"x\\u0000": 1}}', "a", "NUL"),
        ('{"a": [1, NaN]}', "a[1]", "NaN"),
        ('{"a": -Infinity}', "a", "Infinity"),
        ('{"a": 1e999}', "a", "Infinity"),
        ('{"a": 9223372036854775808}', "a", "64 bits"),
        ('{"a": ' + "9" * 5000 + "}", "a", "64 bits"),
        ('{"a": {"b": 1, "b": 2}}', "a", "'b' occurs twice"),
    ],
)
def test_a_refusal_names_the_place(text, place, finding):
    with pytest.raises(JSONValueError, match=finding) as refusal:
        parse_json(text)

    assert list(refusal.value.fields) == [place]


def test_text_that_is_not_json_names_line_and_column():
    with pytest.raises(JSONValueError, match="line 2 column 3"):
        parse_json('{"a": 1,\n  oops}')
