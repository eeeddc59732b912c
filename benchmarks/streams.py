"""`make bench-streams`: the cost of idle event streams, and whether it is freed.

STREAMS sockets are opened on a real gunicorn with the ASGI entry. Each round measures
before them, with all of them open, and after their jobs have ended; and how long after
its commit an event has reached all of them. On SQLite, then on PostgreSQL.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from benchmarks.machine import Load, description
from benchmarks.page import duration, table, write_section
from tests.servers.postgres import free_port, postgres

STREAMS = int(os.environ.get("STREAMS", "500"))
PER_USER = 20
ROUNDS = 3
AT_ONCE = 10
CEILING = 120.0
HEAD = ("database", "round", "", "memory", "descriptors", "threads", "event in")
TASK = "Restart the billing service when it hangs"


class Cost(NamedTuple):
    memory: int
    descriptors: int
    threads: int


def cost(pid: int) -> Cost:
    fields = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/status").read_text().split("\n")
        if ":" in line
    )
    kilobytes = int(fields["VmRSS"].split()[0])
    return Cost(
        kilobytes // 1024, len(os.listdir(f"/proc/{pid}/fd")), int(fields["Threads"])
    )


@contextmanager
def server(port: int, log: Path) -> Iterator[int]:
    """gunicorn as an installation starts it; yields the pid of its worker."""
    command = ["-m", "gunicorn", "-c", "gunicorn_events.conf.py"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *command, "--bind", f"127.0.0.1:{port}"],
            stdout=output,
            stderr=output,
        )
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        give_up = time.monotonic() + CEILING
        while "listening on" not in log.read_text():
            if time.monotonic() > give_up or process.poll() is not None:
                raise RuntimeError(log.read_text())
            time.sleep(0.1)
        yield int(children.read_text().split()[0])
    finally:
        process.terminate()
        process.wait()


class Stream:
    """One socket, from which events are read one by one."""

    def __init__(self, port: int, job_id: str, token: str) -> None:
        self.port, self.job_id, self.token = port, job_id, token

    async def open(self, places: asyncio.Semaphore) -> None:
        async with places:
            self.reader, self.writer = await asyncio.open_connection(
                "127.0.0.1", self.port
            )
            self.writer.write(
                f"GET /api/v1/jobs/{self.job_id}/events HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {self.token}\r\n"
                "Accept: text/event-stream\r\nConnection: close\r\n\r\n".encode()
            )
            await self.until(b"event: submitted")

    async def until(self, mark: bytes) -> float:
        async with asyncio.timeout(CEILING):
            await self.reader.readuntil(mark)
        return time.perf_counter()

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


async def round_of(pid: int, streams: list[Stream], act: Any) -> tuple[Cost, float]:
    places = asyncio.Semaphore(AT_ONCE)
    await asyncio.gather(*(one.open(places) for one in streams))
    with_all = cost(pid)
    committed = await asyncio.to_thread(act, "claim")
    seen = await asyncio.gather(*(one.until(b"event: claimed") for one in streams))
    await asyncio.to_thread(act, "cancel")
    await asyncio.gather(*(one.until(b"event: cancelled") for one in streams))
    await asyncio.gather(*(one.close() for one in streams))
    return with_all, max(seen) - committed


def measured(name: str, folder: Path) -> Iterator[tuple[str, ...]]:
    port = free_port()
    with server(port, folder / f"{name}.log") as pid:
        for number in range(1, ROUNDS + 1):
            streams, act = made(port)
            before = cost(pid)
            with_all, delay = asyncio.run(round_of(pid, streams, act))
            after = settled(pid)
            yield row(name, number, "before", before)
            yield row(name, number, f"{len(streams)} open", with_all, duration(delay))
            yield row(name, number, "after", after)


def row(
    name: str, number: int, when: str, figures: Cost, event: str = ""
) -> tuple[str, ...]:
    memory, descriptors, threads = figures
    return (
        name,
        str(number),
        when,
        f"{memory} MB",
        str(descriptors),
        str(threads),
        event,
    )


def settled(pid: int) -> Cost:
    """The cost after the sockets and the listener were closed."""
    time.sleep(3)
    return cost(pid)


def made(port: int) -> tuple[list[Stream], Any]:
    """Streams of new users, each with a job, and a function that acts on all jobs."""
    from django.contrib.auth.models import Group, User

    from jobs import lifecycle
    from jobs.models import Job, Worker
    from skillfleet.accounts.tokens import make_token

    jobs, streams = [], []
    for _ in range(0, STREAMS, PER_USER):
        user = User.objects.create_user(f"user-{User.objects.count()}")
        user.groups.set(Group.objects.filter(name="author"))
        job, token = lifecycle.create_skill_job(user, TASK), make_token(user).secret
        jobs.append(job)
        streams += [Stream(port, str(job.pk), token) for _ in range(PER_USER)]

    def act(action: str) -> float:
        worker = Worker.objects.register()
        for job in Job.objects.filter(pk__in=[job.pk for job in jobs]):
            job.claim(worker) if action == "claim" else lifecycle.cancel(
                job, by=job.user
            )
        return time.perf_counter()

    return streams[:STREAMS], act


def run(name: str) -> None:
    """Run this in a process of its own with DATABASE_URL set; it prints its rows."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    for cells in measured(name, Path(os.environ["SKILLFLEET_VAR_DIR"])):
        print("\t".join(cells), flush=True)


def rows(name: str, folder: Path, url: str) -> list[list[str]]:
    var = folder / name
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "skillfleet.settings",
        "SKILLFLEET_VAR_DIR": str(var),
        "SKILLFLEET_LOG_LEVEL": "WARNING",
        "DATABASE_URL": url,
        "REDIS_URL": "",
    }
    command = [sys.executable, "-m", "benchmarks.streams", name]
    done = subprocess.run(
        command, env=env, stdout=subprocess.PIPE, text=True, check=True
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


def main() -> None:
    load = Load()
    with tempfile.TemporaryDirectory(prefix="skillfleet-streams-") as name:
        folder = Path(name)
        measurements = rows(
            "SQLite", folder, f"sqlite:///{quote(str(folder / 'db.sqlite3'))}"
        )
        with postgres(folder) as url:
            measurements += rows("PostgreSQL", folder, url)
    lines = [
        f"{description(('django', 'gunicorn'))} {load.remark()}",
        *table(HEAD, measurements),
    ]
    if os.environ.get("QUICK"):
        print("\n".join(lines))
    else:
        write_section("streams", lines)


if __name__ == "__main__":
    run(sys.argv[1]) if sys.argv[1:] else main()
