"""What was committed and when, according to the journals and the database."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from tests.cachelayer.chaos.journal import Event
from tests.cachelayer.chaos.rows import State, initial

NEVER = float("inf")


@dataclass
class Version:
    """One version of a row.

    `announced` is a time before its commit. `settled` is the time at which its call had
    returned or, if its process was killed, at which the parent had invalidated
    everything.
    """

    state: State
    who: str
    announced: float
    settled: float = NEVER


@dataclass
class Chronicle:
    """All versions of one row, in order."""

    versions: list[Version] = field(default_factory=list)

    def close(self) -> None:
        self.by_token = {v.state.token: v for v in self.versions if v.state.token}
        absent = [v for v in self.versions if v.state.token is None]
        self._absent = sorted((v.announced, v.state.version) for v in absent)
        self._absent_best = running_max(n for _, n in self._absent)
        settled = sorted((v.settled, v.state.version) for v in self.versions)
        self._settled = [at for at, _ in settled]
        self._newest = running_max(n for _, n in settled)

    def newest_before(self, moment: float) -> int:
        """The least version that a read which begins at this moment must see."""
        place = bisect_left(self._settled, moment)
        return int(self._newest[place - 1]) if place else 0

    def fault_of(self, content: list[Any] | None, began: int, ended: int) -> str:
        """What is wrong with one reading; empty if nothing is."""
        if content is None:
            place = bisect_right(self._absent, (ended, NEVER))
            version = self._absent_best[place - 1] if place else 0
            if not version:
                return "phantom: the row had not been deleted yet"
        else:
            version_read = self.by_token.get(content[1])
            if version_read is None or version_read.state.version != content[0]:
                return "phantom: this was never committed"
            if version_read.announced > ended:
                return "phantom: this was not committed yet"
            version = version_read.state.version
        least = self.newest_before(began)
        return f"stale: version {least} had been committed" if version < least else ""


def running_max(numbers: Iterable[float]) -> Sequence[float]:
    return list(accumulate(numbers, max))


def chronicles(
    events: list[Event], final: dict[int, State]
) -> tuple[dict[int, Chronicle], int]:
    """The chronicle of each row, and the number of late commits: those that became
    visible only after the parent had invalidated everything."""
    rows = {n: Chronicle([Version(s, "", -1, -1)]) for n, s in initial().items()}
    announced: dict[tuple[str, int], dict[int, Version]] = {}
    for event in events:
        which = event.get("writer"), event.get("id")
        if event["kind"] == "intent":
            announced[which] = {
                int(number): Version(State(*state), event["who"], event["at"])
                for number, state in event["rows"].items()
            }
        elif event["kind"] == "done":
            for number, version in announced.pop(which).items():
                version.settled = event["at"]
                rows[number].versions.append(version)
        elif event["kind"] == "undone":
            announced.pop(which, None)
    late = settle(rows, announced.values(), events, final)
    for chronicle in rows.values():
        chronicle.close()
    return rows, late


def settle(
    rows: dict[int, Chronicle],
    unconfirmed: Iterable[dict[int, Version]],
    events: list[Event],
    final: dict[int, State],
) -> int:
    """Decide about the changes of killed writers; return how many committed late.

    Such a change was committed if any process has seen it in the database. Readers must
    see it from the reaping of its process on, if it was in the database by then. A
    commit that the server finished later has no such time.
    """
    reaped = {e["process"]: e for e in events if e["kind"] == "reaped"}
    seen = {(number, *state) for number, state in final.items()}
    for event in events:
        stored = event["rows"] if event["kind"] == "reaped" else event.get("former", {})
        seen.update((int(number), *state) for number, state in stored.items())
    late = 0
    for number, version in (row for each in unconfirmed for row in each.items()):
        if (number, *version.state) not in seen:
            continue
        rows[number].versions.append(version)
        reaping = reaped.get(version.who)
        if reaping and reaping["rows"][str(number)][0] >= version.state.version:
            version.settled = reaping["at"]
        else:
            late += 1
    return late
