"""The traces have their properties, and our policies are close to exact ones."""

from collections import Counter, OrderedDict

import pytest

from benchmarks.caching.policies import LOOP, ROOM, TRACES, hit_ratio, ours

LOOKUPS = 6_000


def exact(policy: str):
    """An exact LRU or FIFO, which evicts one entry at a time."""
    entries: OrderedDict[str, None] = OrderedDict()

    def recall(key: str) -> bool:
        hit = key in entries
        if hit and policy == "lru":
            entries.move_to_end(key)
        if not hit:
            entries[key] = None
            if len(entries) > ROOM:
                entries.popitem(last=False)
        return hit

    return recall


@pytest.mark.parametrize("policy", ["lru", "fifo"])
@pytest.mark.parametrize("trace", ["zipf", "scan"])
def test_evicting_in_batches_costs_few_hits(policy, trace):
    ratio = hit_ratio(ours(policy), TRACES[trace](LOOKUPS), LOOKUPS)
    exact_ratio = hit_ratio(exact(policy), TRACES[trace](LOOKUPS), LOOKUPS)

    assert exact_ratio - 0.02 < ratio <= exact_ratio


def test_traces_are_as_long_and_as_mixed_as_they_say():
    traces = {name: list(make(LOOKUPS)) for name, make in TRACES.items()}

    assert {len(trace) for trace in traces.values()} == {LOOKUPS}
    assert traces["zipf"] == list(TRACES["zipf"](LOOKUPS))
    assert Counter(traces["zipf"]).most_common(1)[0][0] == 0
    assert len(set(traces["loop"])) == LOOP > ROOM
