"""The output of a phase survives JSON unchanged."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.pipeline.state import (
    OUTPUTS,
    Brief,
    Drafting,
    Evals,
    Failure,
    Question,
    Refactoring,
    State,
    Understanding,
    Verdict,
    from_json,
    to_json,
)

texts = st.text(max_size=20)
many = st.lists(texts, max_size=3).map(tuple)
share = st.floats(0, 1)
failures = st.lists(st.builds(Failure, texts, texts, texts), max_size=3).map(tuple)
questions = st.lists(
    st.builds(Question, texts, texts, texts, many, texts, texts), max_size=3
).map(tuple)
rounds = st.integers(0, 99)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner),
    max_leaves=5,
)
outputs = st.one_of(
    st.builds(Brief, texts, texts, texts, texts, round=rounds),
    st.builds(
        Understanding,
        share,
        st.dictionaries(texts, texts, max_size=3),
        questions,
        many,
        round=rounds,
    ),
    st.builds(Evals, many, many, many, texts, round=rounds),
    st.builds(Drafting, failures, rounds, st.booleans(), round=rounds),
    st.builds(Refactoring, failures, rounds, st.booleans(), round=rounds),
    st.builds(
        Verdict,
        texts,
        share,
        st.dictionaries(texts, values, max_size=3),
        failures,
        round=rounds,
    ),
)


@given(outputs)
def test_an_output_comes_back_as_it_went(output):
    stored = json.loads(json.dumps(to_json(output)))
    assert "round" not in stored
    assert from_json(output.phase, output.round, stored) == output


@given(st.lists(outputs, max_size=12))
def test_the_state_holds_the_newest_output_of_each_phase(all_outputs):
    state = State.of(all_outputs)
    current = [state.brief, state.understanding, state.evals]
    current += [state.drafting, state.refactoring, state.verdict]
    newest = {output.phase: output for output in all_outputs}
    assert current == [newest.get(phase) for phase in OUTPUTS]


def test_an_output_of_an_older_version_gets_defaults_for_what_it_lacks():
    evals = from_json("tdd_red", 2, {"positives": ["a"], "gone": True})
    assert evals == Evals(("a",), round=2)


def test_a_phase_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError):
        from_json("dreaming", 1, {})
