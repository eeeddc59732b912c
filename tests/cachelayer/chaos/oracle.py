"""The oracle checks that no reading was stale, phantom or foreign."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.cachelayer.chaos.journal import Event
from tests.cachelayer.chaos.rows import State
from tests.cachelayer.chaos.truth import NEVER, chronicles

LINES_SHOWN = 25
FAULTS_SHOWN = 5


@dataclass
class Result:
    """The result of one run; `crashes` are failures of the test program itself."""

    crashes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    story: str = ""
    counts: Counter[str] = field(default_factory=Counter)

    def wrong(self) -> bool:
        return bool(self.crashes or self.faults)

    def report(self) -> str:
        """The first crash, the first faults, and the history of the first one's row."""
        parts = [*self.crashes[:1], *self.faults[:FAULTS_SHOWN], self.story]
        return "\n".join(filter(None, parts))


def check(events: list[Event], final: dict[int, State]) -> Result:
    """Check every reading in these journals, in order.

    `final` has the rows of the database at the end. The result tells the history of the
    first fault's row.
    """
    result = Result()
    count(events, result.counts)
    of, result.counts["late"] = chronicles(events, final)
    for event in events:
        if event["kind"] == "wrong":
            result.faults.append(f"{event['by']} by {event['how']}: {event['text']}")
        elif event["kind"] == "crash":
            result.crashes.append(event["text"])
        elif event["kind"] == "read":
            for number, content in event["rows"].items():
                fault = of[int(number)].fault_of(
                    content, event["began"], event["ended"]
                )
                if fault:
                    add_fault(result, events, event, number, content, fault)
    result.faults += key_faults(events)
    return result


def add_fault(
    result: Result,
    events: list[Event],
    read: Event,
    number: str,
    content: Any,
    fault: str,
) -> None:
    result.faults.append(
        f"row {number} by {read['how']}, {read['by']} read {content}: {fault}"
    )
    result.story = result.story or story(events, read, number)


def count(events: list[Event], counts: Counter[str]) -> None:
    for event in events:
        if event["kind"] == "read":
            counts["reads"] += 1
            counts["hits"] += event["hit"]
        elif event["kind"] in ("got", "set"):
            counts["keys"] += 1
        elif event["kind"] == "done":
            counts["commits"] += 1
        elif event["kind"] == "undone":
            counts["rollbacks"] += 1
        elif event["kind"] == "reaped":
            counts["kills"] += 1


def story(events: list[Event], read: Event, number: str) -> str:
    """The row's history up to this reading, in milliseconds from its start."""
    announced = {(e["writer"], e["id"]): e for e in events if e["kind"] == "intent"}
    lines = []
    for event in events:
        text = ""
        if event["kind"] in ("intent", "undone") and number in event["rows"]:
            text = f"{event['writer']} {event['kind']} {event['rows'][number]}"
        elif event["kind"] == "done":
            made = announced[event["writer"], event["id"]]
            if number in made["rows"]:
                text = f"{event['writer']} returned {made['rows'][number]}"
        elif event["kind"] == "reaped":
            text = f"{event['process']} reaped, row is {event['rows'][number]}"
        elif event["kind"] == "read" and number in event["rows"]:
            source = "hit" if event["hit"] else "computed"
            began = (event["began"] - read["began"]) / 1e6
            text = (
                f"{event['by']} read {event['rows'][number]} by {event['how']} "
                f"({source}), begun {began:+.3f}"
            )
        if text:
            lines.append((event["at"], text))
    latest = [pair for pair in lines if pair[0] <= read["at"]][-LINES_SHOWN:]
    return "\n".join(
        f"{(at - read['began']) / 1e6:+10.3f} ms {text}" for at, text in latest
    )


def key_faults(events: list[Event]) -> list[str]:
    """The faults of keys without a row.

    Once a call that sets or deletes a key has returned, no reader may get a value that
    was set before that call began.
    """
    done = {event["id"]: event["at"] for event in events if event["kind"] == "set"}
    settings = [event for event in events if event["kind"] == "setting"]
    made = {(event["key"], event["value"]): event for event in settings}
    faults = []
    for got in events:
        if got["kind"] != "got" or got["value"] is None:
            continue
        ours = made.get((got["key"], got["value"]))
        if ours is None or ours["began"] > got["ended"]:
            faults.append(f"{got['key']}: {got['value']} had not been set")
            continue
        over = [
            other["value"]
            for other in settings
            if other["key"] == got["key"]
            and other["began"] > done.get(ours["id"], NEVER)
            and done.get(other["id"], NEVER) < got["began"]
        ]
        if over:
            faults.append(f"{got['key']}: {got['value']} was read after {over[-1]}")
    return faults
