"""The oracle of the random schedules, on journals written by hand."""

import pytest

from tests.cachelayer.chaos.oracle import check
from tests.cachelayer.chaos.rows import State, initial

SECOND = State(2, "second")
GONE = State(3, None)


def changed(state, announced, returned=None, *, by="p0t0"):
    """The events of a change of row 1 by the first process."""
    which = {"writer": by, "id": state.version, "who": "p0"}
    former = {"1": initial()[1]}
    rows = {"1": state}
    event = {"kind": "intent", "at": announced, "rows": rows, "former": former}
    events = [{**which, **event}]
    if returned:
        events.append({**which, "kind": "done", "at": returned})
    return events


def read(state, began, ended):
    content = list(state) if state.token else None
    seen = {"rows": {"1": content}, "began": began, "ended": ended, "at": ended}
    return [{"kind": "read", "by": "p1t0", "how": "list", "hit": True, **seen}]


def reaped(state, at):
    return [{"kind": "reaped", "process": "p0", "at": at, "rows": {"1": state}}]


def undone(state, at):
    event = {"kind": "undone", "at": at, "writer": "p0t0", "id": state.version}
    return [{**event, "rows": {"1": state}}]


FIRST = initial()[1]
RIGHT = {
    "the old while the change is under way": [
        *changed(SECOND, 10, 20),
        *read(FIRST, 19, 30),
    ],
    "the new as soon as it may have been committed": [
        *changed(SECOND, 10, 20),
        *read(SECOND, 5, 10),
    ],
    "a row that is gone": [
        *changed(SECOND, 10, 20),
        *changed(GONE, 30, 40),
        *read(GONE, 50, 60),
    ],
    "the old until a killed writer is reaped": [
        *changed(SECOND, 10),
        *read(FIRST, 20, 30),
        *reaped(SECOND, 40),
    ],
    "the old when a killed writer had not committed": [
        *changed(SECOND, 10),
        *reaped(FIRST, 40),
        *read(FIRST, 50, 60),
    ],
}
WRONG = {
    "stale: version 2": [*changed(SECOND, 10, 20), *read(FIRST, 21, 30)],
    "stale: version 3": [
        *changed(SECOND, 10, 20),
        *changed(GONE, 30, 40),
        *read(SECOND, 41, 50),
    ],
    "stale: version 2 had been committed": [
        *changed(SECOND, 10),
        *reaped(SECOND, 40),
        *read(FIRST, 50, 60),
    ],
    "never committed": [
        *changed(SECOND, 10),
        *undone(SECOND, 20),
        *read(SECOND, 30, 40),
    ],
    "not committed yet": [*read(SECOND, 5, 9), *changed(SECOND, 10, 20)],
    "not been deleted yet": [*read(GONE, 5, 9), *changed(GONE, 10, 20)],
}


def result_of(events):
    final = initial()
    for event in events:
        if event["kind"] in ("done", "reaped"):
            state = event.get("rows", {}).get("1") or SECOND
            final[1] = state
    return check(sorted(events, key=lambda event: event["at"]), final)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_journal_has_no_fault(name):
    assert not result_of(RIGHT[name]).wrong()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_journal_has_a_fault_with_its_history(name):
    result = result_of(WRONG[name])

    assert name in result.report()
    assert "p1t0 read" in result.story


@pytest.mark.parametrize(
    ("got", "faults"), [("first", 1), ("second", 0), (None, 0)], ids=str
)
def test_a_key_that_was_set_is_not_read_after_the_next_was_set(got, faults):
    events = []
    for at, value in ((10, "first"), (30, "second")):
        setting = {"id": value, "value": value, "key": "k", "began": at, "at": at}
        events += [
            {"kind": "setting", **setting},
            {"kind": "set", "id": value, "at": at + 10},
        ]
    seen = {"value": got, "key": "k", "began": 50, "ended": 60, "at": 60}
    result = check([*events, {"kind": "got", **seen}], initial())

    assert len(result.faults) == faults
