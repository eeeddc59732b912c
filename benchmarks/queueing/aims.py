"""The goals of the benchmark, and whether this run reaches them."""

from collections.abc import Mapping

from benchmarks.page import digits, table, times
from benchmarks.queueing.contenders import CONTENDERS
from benchmarks.queueing.setups import Figures
from benchmarks.rounds import ratio

OURS = "ours"
LEAST = {"procrastinate": (1.0, 2.0), "q2": (8.0, 10.0)}
"""By contender: how many times better ours shall be in idle p50 and no-op tasks/s."""
MOST_GROWTH = 1.5


def of_queues(results: Mapping[str, Figures]) -> list[str]:
    rows = []
    for name, (sooner, more) in LEAST.items():
        ours, theirs, label = results[OURS], results[name], CONTENDERS[name].label
        latency = ratio(theirs.medians, ours.medians)
        rate = ratio(ours.rates, theirs.rates)
        rows += [
            (f"idle p50 {sooner:g} x as good as {label}'s", *verdict(latency, sooner)),
            (f"no-op tasks/s {more:g} x of {label}'s", *verdict(rate, more)),
        ]
    return table(("aim", "found", ""), rows)


def verdict(measured: float, least: float) -> tuple[str, str]:
    return times(measured), "held" if measured >= least else "missed"


def of_tables(grown: Mapping[str, float]) -> list[str]:
    """The operations whose time grew by more than the goal allows."""
    missed = [
        f"{name} ({digits(growth, 3, up=True)})"
        for name, growth in grown.items()
        if growth > MOST_GROWTH
    ]
    outcome = f"missed by {', '.join(missed)}" if missed else "held by all"
    return [f"Aimed at: at most {MOST_GROWTH} times as long. It is {outcome}.", ""]
