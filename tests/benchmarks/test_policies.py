"""The traces are what they say, and our policies are near the exact ones on them."""

from collections import Counter, OrderedDict

import pytest

from benchmarks.caching.policies import LOOP, ROOM, TRACES, hit_ratio, ours

LOOKUPS = 6_000


def exact(policy: str):
    """An lru or a fifo that evicts one entry at a time."""
    kept: OrderedDict[str, None] = OrderedDict()

    def recall(key: str) -> bool:
        there = key in kept
        if there and policy == "lru":
            kept.move_to_end(key)
        if not there:
            kept[key] = None
            if len(kept) > ROOM:
                kept.popitem(last=False)
        return there

    return recall


@pytest.mark.parametrize("policy", ["lru", "fifo"])
@pytest.mark.parametrize("trace", ["zipf", "scan"])
def test_evicting_in_batches_costs_few_hits(policy, trace):
    found = hit_ratio(ours(policy), TRACES[trace](LOOKUPS), LOOKUPS)
    wanted = hit_ratio(exact(policy), TRACES[trace](LOOKUPS), LOOKUPS)

    assert wanted - 0.02 < found <= wanted


def test_traces_are_as_long_and_as_mixed_as_they_say():
    traces = {name: list(make(LOOKUPS)) for name, make in TRACES.items()}

    assert {len(trace) for trace in traces.values()} == {LOOKUPS}
    assert traces["zipf"] == list(TRACES["zipf"](LOOKUPS))
    assert Counter(traces["zipf"]).most_common(1)[0][0] == 0
    assert len(set(traces["loop"])) == LOOP > ROOM
