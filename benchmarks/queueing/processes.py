"""The measured processes, and the CPU seconds that they use."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.queueing.contenders import CONTENDERS

TICK = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).resolve().parent.parent.parent


class SenderProcess:
    """A child process that answers JSON lines: see `sender_process`."""

    def __init__(
        self, module: str, *arguments: str, environment: dict[str, str]
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, **environment},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, verb: str, *arguments: Any) -> Any:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps([verb, *arguments]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{verb}: the sender's process has ended")
        return json.loads(line)

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(20)


class Workers:
    """Workers of one contender, each process tree in a session of its own."""

    def __init__(
        self, name: str, number: int, environment: dict[str, str], log: Path
    ) -> None:
        contender = CONTENDERS[name]
        command = [word.format(workers=number) for word in contender.command]
        with log.open("a") as output:
            self.trees = [
                subprocess.Popen(
                    command,
                    env={**os.environ, **environment, "BENCH_WORKERS": str(number)},
                    cwd=ROOT,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
                for _ in range(number if contender.one_each else 1)
            ]

    def signal(self, number: signal.Signals) -> None:
        for tree in self.trees:
            os.killpg(tree.pid, number)

    def cpu(self) -> float:
        """CPU seconds of all their processes so far."""
        sessions = {tree.pid for tree in self.trees}
        return sum(
            seconds for _, session, seconds in processes() if session in sessions
        )

    def close(self) -> None:
        self.signal(signal.SIGKILL)
        for tree in self.trees:
            tree.wait(20)


def cpu_below(parent: int) -> float:
    """CPU seconds of a process and its children, here PostgreSQL's."""
    own = Path(f"/proc/{parent}/stat").read_text()
    times = [seconds_in(own)]
    times += [seconds for ppid, _, seconds in processes() if ppid == parent]
    return sum(times)


def processes() -> Iterator[tuple[int, int, float]]:
    """Parent, session and CPU seconds of each process on the machine."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # the process has ended meanwhile
        after = text.rpartition(")")[2].split()
        yield int(after[1]), int(after[3]), seconds_in(text)


def seconds_in(stat: str) -> float:
    after = stat.rpartition(")")[2].split()
    return (int(after[11]) + int(after[12])) / TICK
