"""The same over gunicorn, as the product configures it, and wrk."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from shutil import which
from urllib.request import urlopen

from benchmarks.caching import tree
from benchmarks.caching.contenders import (
    CONTENDERS,
    SHIPPED_UNCACHED,
    UNCACHED,
    Contender,
    token,
)
from benchmarks.caching.scale import Scale
from benchmarks.page import digits, duration, table, times
from benchmarks.rounds import Seconds, interleaved, median, ratio

WRK = "wrk"
CONNECTIONS = 8
RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
MISSING = "wrk is not installed (Debian: apt-get install wrk); this part was left out."


@contextmanager
def gunicorn(alias: str) -> Iterator[str]:
    """Its address, once it answers; two workers with eight threads."""
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
        yield f"http://127.0.0.1:{port}"
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


def requests_of(contender: Contender, base: str, secret: str, seconds: int) -> float:
    """Seconds of the server for one request: the inverse of requests per second."""
    command = [WRK, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    if contender.shipped:
        command += ["-H", f"Authorization: Bearer {secret}"]
    address = f"{base}{contender.address}"
    found = subprocess.run([*command, address], capture_output=True, text=True)
    rate = RATE.search(found.stdout)
    if rate is None or "Non-2xx" in found.stdout:
        raise RuntimeError(f"{address}: {found.stdout}{found.stderr}")
    return 1 / float(rate[1])


def measure(scale: Scale) -> dict[str, Seconds]:
    """Empty when there is no wrk."""
    if which(WRK) is None:
        print(MISSING, file=sys.stderr)
        return {}
    tree.plant()
    secret = token()
    with ExitStack() as stack:
        aliases = {each.alias for each in CONTENDERS.values()}
        bases = {alias: stack.enter_context(gunicorn(alias)) for alias in aliases}

        def run(contender: Contender) -> Callable[[], float]:
            def time() -> float:
                base = bases[contender.alias]
                return requests_of(contender, base, secret, scale.wrk_seconds)

            return time

        chosen = {name: run(each) for name, each in CONTENDERS.items()}
        return interleaved(chosen, scale.slow_rounds)


def section(found: dict[str, Seconds]) -> Iterator[str]:
    if not found:
        yield f"\n{MISSING}\n"
        return
    head = ["", "requests/s", f"latency at {CONNECTIONS} connections", "than uncached"]
    yield from table(head, (row(name, found) for name in found))


def row(name: str, found: dict[str, Seconds]) -> list[str]:
    contender, figures = CONTENDERS[name], found[name]
    computed = found[SHIPPED_UNCACHED if contender.shipped else UNCACHED]
    return [
        f"**{name}**" if contender.ours and not contender.shipped else name,
        digits(1 / median(figures), 3, up=not contender.ours),
        duration(median(figures) * CONNECTIONS, ours=contender.ours),
        "" if computed is figures else times(ratio(computed, figures)),
    ]
