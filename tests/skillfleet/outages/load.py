"""Readers and a writer that send requests all the time and record the answers."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median, quantiles
from time import perf_counter
from typing import NamedTuple

CEILING = 20
BRANCHES = ("communication", "data", "development", "operations", "research")


class Seen(NamedTuple):
    """One answer: `ms` as the client measured it, `waited` for the cache server."""

    kind: str
    status: int
    outcome: str
    ms: float
    waited: float
    stale: bool


class Load:
    """Four anonymous readers, a fifth with a token, and one writer."""

    def __init__(self, ports: list[int], token: str, pause: float) -> None:
        self.ports, self.token, self.pause = ports, token, pause
        self.seen: list[Seen] = []
        self.failures: list[Exception] = []
        self._acknowledged = dict.fromkeys(BRANCHES, 0)
        self._ended = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        work = [(self._read, number, number == 4) for number in range(5)]
        threads = [threading.Thread(target=self._repeat, args=each) for each in work]
        threads.append(
            threading.Thread(target=self._repeat, args=(self._write, 0, True))
        )
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join(CEILING)
        assert self.failures == []

    def _repeat(
        self, work: Callable[[str, int, bool], None], number: int, signed_in: bool
    ) -> None:
        pause = 0.15 if work == self._write else self.pause
        try:
            while not self._ended.wait(pause):
                number += 1
                work(BRANCHES[number % len(BRANCHES)], number, signed_in)
        except Exception as error:  # it is raised where the load is run
            self.failures.append(error)

    def _read(self, branch: str, number: int, signed_in: bool) -> None:
        least = self._acknowledged[branch]
        answer = self._ask("GET", branch, number, signed_in)
        description = (
            json.loads(answer[1])["description"] if answer[0].status == 200 else ""
        )
        stale = (
            description.startswith("Change ") and int(description.split()[1]) < least
        )
        self.seen.append(answer[0]._replace(stale=stale))

    def _write(self, branch: str, number: int, signed_in: bool) -> None:
        change = {"description": f"Change {number}"}
        seen, _ = self._ask("PATCH", branch, number, signed_in, change)
        if seen.status == 200:
            self._acknowledged[branch] = number
        self.seen.append(seen)

    def _ask(
        self,
        method: str,
        branch: str,
        number: int,
        signed_in: bool,
        body: object = None,
    ) -> tuple[Seen, bytes]:
        port = self.ports[number % len(self.ports)]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CEILING)
        headers = {"Connection": "close", "Content-Type": "application/json"}
        headers |= {"Authorization": self.token} if signed_in else {}
        sent = json.dumps(body) if body is not None else None
        started = perf_counter()
        connection.request(method, f"/api/v1/taxonomy/{branch}", sent, headers)
        response = connection.getresponse()
        text = response.read()
        ms = (perf_counter() - started) * 1000
        connection.close()
        outcome = response.headers.get("X-Cache", "")
        waited = float(response.headers["X-Cache-Wait"])
        return Seen(method, response.status, outcome, ms, waited, False), text


class Phase(NamedTuple):
    """The answers during one kind of failure of the cache server."""

    name: str
    seen: list[Seen]

    def of(self, kind: str) -> list[Seen]:
        return [each for each in self.seen if each.kind == kind]

    def outcomes(self, outcome: str) -> int:
        return sum(each.outcome == outcome for each in self.of("GET"))

    @property
    def errors(self) -> list[Seen]:
        return [each for each in self.seen if each.status >= 400]

    @property
    def stale(self) -> list[Seen]:
        return [each for each in self.seen if each.stale]

    @property
    def waits(self) -> list[float]:
        """How long each read has waited for the cache server, in ms."""
        return sorted(each.waited for each in self.of("GET"))

    def row(self) -> str:
        reads, writes = self.of("GET"), self.of("PATCH")
        times = sorted(each.ms for each in reads)
        cells = [
            self.name,
            str(len(reads)),
            *(str(self.outcomes(each)) for each in ("HIT", "MISS", "BYPASS")),
            f"{median(times):.0f}",
            f"{quantiles(times, n=100)[98]:.0f}",
            f"{median(self.waits):.1f}",
            f"{self.waits[-1]:.0f}",
            str(len(writes)),
            f"{max(each.ms for each in writes):.0f}" if writes else "-",
            str(len(self.errors)),
            str(len(self.stale)),
        ]
        return f"| {' | '.join(cells)} |"


HEADERS = (
    "the server is",
    "reads",
    "HIT",
    "MISS",
    "BYPASS",
    "p50 ms",
    "p99 ms",
    "cache p50 ms",
    "cache worst ms",
    "writes",
    "slowest ms",
    "errors",
    "stale",
)


def table(phases: list[Phase]) -> str:
    rows = [f"| {' | '.join(HEADERS)} |", f"|{'---|' * len(HEADERS)}"]
    return "\n".join([*rows, *(phase.row() for phase in phases)])
