"""The taxonomy over gunicorn, as the product configures it, measured with wrk."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from urllib.request import urlopen

from benchmarks.caching import tree
from benchmarks.caching.contenders import (
    CONTENDERS,
    SHIPPED_UNCACHED,
    STATIC,
    UNCACHED,
    Contender,
    token,
)
from benchmarks.caching.scale import Scale
from benchmarks.page import digits, duration, of_limit, table, times
from benchmarks.rounds import Seconds, interleaved, median, ratio

WRK = "wrk"
CONNECTIONS = 8
RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
COUNT = re.compile(r"(\d+) requests in ")
TICK = 1 / os.sysconf("SC_CLK_TCK")
MISSING = "wrk is not installed (Debian: apt-get install wrk); this part was left out."


@dataclass
class Served:
    """Seconds for one response, by contender and round: by the clock, with wrk on the
    same cores, and of the server's CPU time."""

    clock: dict[str, Seconds] = field(default_factory=dict)
    cpu: dict[str, Seconds] = field(default_factory=dict)


@dataclass
class Server:
    """A running gunicorn."""

    base: str
    pid: int

    def cpu(self) -> float:
        """CPU seconds of its workers."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return sum(map(spent, listed.split()))


def spent(pid: str) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (
        int(fields[11]) + int(fields[12])
    ) * TICK  # fields utime and stime, see proc(5)


@contextmanager
def gunicorn(alias: str) -> Iterator[Server]:
    """Start two workers with eight threads; yield when they answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "BENCH_ALIAS": alias,
        "SKILLFLEET_BIND": f"127.0.0.1:{port}",
    }
    module = "benchmarks.caching.served:application"
    config = ["-c", "python:skillfleet.gunicorn", "--log-level", "warning"]
    command = [sys.executable, "-m", "gunicorn", *config, module]
    server = subprocess.Popen(command, env=environment)
    try:
        wait_for(f"http://127.0.0.1:{port}/bench/static", server)
        yield Server(f"http://127.0.0.1:{port}", server.pid)
    finally:
        server.terminate()
        server.wait(20)


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            urlopen(url, timeout=60).close()  # noqa: S310 our own server
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("gunicorn does not answer")


def requests_of(
    contender: Contender, server: Server, secret: str, seconds: int
) -> tuple[float, float]:
    """Seconds for one request: by the clock, and of the server's CPU time."""
    command = [WRK, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    if contender.shipped:
        command += ["-H", f"Authorization: Bearer {secret}"]
    address, before = f"{server.base}{contender.address}", server.cpu()
    results = subprocess.run([*command, address], capture_output=True, text=True)
    cpu = server.cpu() - before
    rate, count = RATE.search(results.stdout), COUNT.search(results.stdout)
    if rate is None or count is None or "Non-2xx" in results.stdout:
        raise RuntimeError(f"{address}: {results.stdout}{results.stderr}")
    return 1 / float(rate[1]), cpu / int(count[1])


def measure(scale: Scale) -> Served:
    """The measurements; empty if wrk is not installed."""
    served = Served()
    if which(WRK) is None:
        print(MISSING, file=sys.stderr)
        return served
    tree.plant()
    secret = token()
    with ExitStack() as stack:
        # A server for each contender: threads would keep the connections of the others.
        servers = {
            name: stack.enter_context(gunicorn(each.alias))
            for name, each in CONTENDERS.items()
        }

        def run(name: str, contender: Contender) -> Callable[[], float]:
            def time() -> float:
                server = servers[name]
                clock, cpu = requests_of(contender, server, secret, scale.wrk_seconds)
                served.cpu.setdefault(name, []).append(cpu)
                return clock

            return time

        chosen = {name: run(name, each) for name, each in CONTENDERS.items()}
        served.clock = interleaved(chosen, scale.slow_rounds)
    return served


def section(results: Served) -> Iterator[str]:
    if not results.clock:
        yield f"\n{MISSING}\n"
        return
    head = ["", "requests/s", f"latency at {CONNECTIONS} connections", "than uncached"]
    head += ["processor time of one answer", "of a static view"]
    yield from table(head, (row(name, results) for name in results.clock))


def row(name: str, results: Served) -> list[str]:
    contender, timings, cpu = CONTENDERS[name], results.clock[name], results.cpu[name]
    computed = results.clock[SHIPPED_UNCACHED if contender.shipped else UNCACHED]
    return [
        f"**{name}**" if contender.ours and not contender.shipped else name,
        digits(1 / median(timings), 3, up=not contender.ours),
        duration(median(timings) * CONNECTIONS, ours=contender.ours),
        "" if computed is timings else times(ratio(computed, timings)),
        duration(median(cpu), ours=contender.ours),
        of_limit(ratio(cpu, results.cpu[STATIC]), ours=contender.ours),
    ]
