"""How the benchmarks measure, and how their page formats the figures."""

from itertools import count

import pytest

from benchmarks.page import duration, times, write_section
from benchmarks.rounds import interleaved, median, per_call, ratio


def test_ours_is_rounded_up_others_down_and_ratios_are_cut_off():
    assert duration(1.2341e-6, ours=True) == "1.24 µs"
    assert duration(1.2349e-6) == "1.23 µs"
    assert duration(1.1e-3, ours=True) == "1.10 ms"
    assert duration(27.38) == "27.3 s"
    assert [times(each) for each in (7.99, 99.9, 1234.9)] == [
        "7.9 x",
        "99 x",
        "1,230 x",
    ]


def test_each_contender_has_its_turn_in_every_round():
    turns = count()
    measurements = interleaved(
        {name: lambda: float(next(turns)) for name in "abc"}, rounds=5
    )

    assert [
        {int(measurements[name][each]) // 3 for name in "abc"} for each in range(5)
    ] == [{each} for each in range(5)]


def test_a_ratio_compares_each_round_in_itself():
    assert ratio([4.0, 40.0, 8.0], [1.0, 10.0, 4.0]) == 4.0
    assert median([3.0, 1.0, 100.0]) == 3.0


def test_a_call_is_timed_as_often_as_fits():
    calls = count()

    assert per_call(lambda: next(calls), 0.001)() > 0
    assert next(calls) > 3


def test_a_benchmark_replaces_its_own_section_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n")

    write_section("x", ["new", "", r"\1"], page)

    assert page.read_text() == "a\n<!-- x: begin -->\nnew\n\n\\1\n<!-- x: end -->\nb\n"
    with pytest.raises(LookupError, match="0 sections 'y'"):
        write_section("y", [], page)
