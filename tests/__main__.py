"""The suite: `make test`, or `python -m tests [--sqlite] [--coverage] [arguments]`.

Other arguments are pytest's.

Everything runs on SQLite and Valkey; what touches a database runs at the same time
on PostgreSQL. TEST_POSTGRES_URL and TEST_REDIS_URL name servers to use; those that
are not named are started here and always stopped.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.coverage import measured
from tests.servers.postgres import postgres
from tests.servers.valkey import valkey

ROOT = Path(__file__).resolve().parent.parent
PYTEST = ["-m", "pytest", "--dist", "loadgroup"]
TESTS_ARE_NOT_MEASURED = ["-W", "ignore:Unable to activate pytest branch coverage"]
COVERAGE = ["-p", "tests.coverage"]
COMES_FIRST = ["-W", "ignore:Module already imported so cannot be rewritten"]
NO_TESTS_SELECTED = 5  # pytest's exit code
INTERRUPTED = 130
ROOM_IN_MEMORY = 2 << 30  # bytes; a run of the whole suite uses less than half
OURS = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "SKILLFLEET_")
CLOSING_LINE = re.compile(rb"^(\x1b\[[\d;]*m)*=+ .*\bin \d.* =+")


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(INTERRUPTED))
    # A shell that starts us in the background ignores it, which tests would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sqlite_only = "--sqlite" in arguments
    coverage = "--coverage" in arguments
    arguments = [it for it in arguments if it not in ("--sqlite", "--coverage")]
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="skillfleet-", dir=fast_folder())
            )
        )
        environment = clean_environment(folder)
        environment["TEST_REDIS_URL"] = stack.enter_context(redis_url(folder))
        if not sqlite_only:
            url = stack.enter_context(postgres_url(folder))
            environment["TEST_POSTGRES_URL"] = url
        legs = 1 if sqlite_only or coverage else 2
        environment.setdefault("TEST_WORKERS", workers_of(legs))
        if coverage:
            return run_with_coverage(environment, arguments)
        return run_legs(environment, arguments, sqlite_only=sqlite_only)


def fast_folder() -> Path | None:
    """Where temporary files are kept in memory, or None for the system's default.

    Nothing here outlives the run, and a disk would make tests wait for each fsync.
    TMPDIR overrules it.
    """
    memory = Path("/dev/shm")  # noqa: S108
    if "TMPDIR" in os.environ or not os.access(memory, os.W_OK):
        return None
    return memory if shutil.disk_usage(memory).free > ROOM_IN_MEMORY else None


def workers_of(legs: int) -> str:
    """One process for each processor: more of them take each other's cache, and every
    test costs a third more."""
    return str(max(1, (os.cpu_count() or 1) // legs))


def clean_environment(folder: Path) -> dict[str, str]:
    """The environment of this process without a developer's own server settings.

    Bytecode is always cached, because the tests start about a hundred interpreters
    and each of them would compile Django again.
    """
    inherited = {name: v for name, v in os.environ.items() if not name.startswith(OURS)}
    if inherited.pop("PYTHONDONTWRITEBYTECODE", ""):
        inherited.setdefault("PYTHONPYCACHEPREFIX", str(folder / "bytecode"))
    for name in ("tests", "tmp"):
        (folder / name).mkdir()
    tests = {"SKILLFLEET_TEST_FOLDER": str(folder / "tests")}
    return inherited | tests | {"TMPDIR": str(folder / "tmp")}


@contextmanager
def redis_url(folder: Path) -> Iterator[str]:
    if named := os.environ.get("TEST_REDIS_URL"):
        yield named
        return
    with valkey(folder) as url:
        yield url


@contextmanager
def postgres_url(folder: Path) -> Iterator[str]:
    if named := os.environ.get("TEST_POSTGRES_URL"):
        yield named
        return
    with postgres(folder) as url:
        yield url


def run_legs(
    environment: dict[str, str], arguments: list[str], *, sqlite_only: bool
) -> int:
    """Run both databases at the same time, because tests that wait leave the
    processors idle. Print one run after the other. Return the worse exit code."""
    legs = [Leg("SQLite", environment, ["-m", "not slow", *arguments])]
    if not sqlite_only:
        on_postgres = environment | {"DATABASE_URL": environment["TEST_POSTGRES_URL"]}
        selected = ["-m", "not slow", *arguments, "-m", "db and not slow"]
        legs.append(Leg("PostgreSQL", on_postgres, selected))
    with ExitStack() as stack:
        for leg in legs:
            stack.enter_context(leg.running())
            leg.wait_until_collected()
        for leg in legs:
            print(f"\n{leg.database}", flush=True)
            leg.show()
    print("\n".join(leg.closing() for leg in legs), flush=True)
    return worst([leg.process.returncode for leg in legs])


def run_with_coverage(environment: dict[str, str], arguments: list[str]) -> int:
    """Run on SQLite, which has every test of the other database, and print what was
    covered. Measuring takes a third more time, so `make test` does without."""
    quiet = [*TESTS_ARE_NOT_MEASURED, *COMES_FIRST, *COVERAGE]
    selected = [*quiet, "-m", "not slow", *arguments]
    leg = Leg("SQLite", environment | measured(), selected)
    with leg.running():
        leg.show()
    report = leg.folder / "coverage.txt"
    print(report.read_text() if report.exists() else "There is no report.")
    return leg.process.returncode


def worst(codes: list[int]) -> int:
    """Selecting nothing is a failure only when no run selected anything."""
    ran = [code for code in codes if code != NO_TESTS_SELECTED]
    return max(ran, default=NO_TESTS_SELECTED)


class Leg:
    """One run of pytest on one database. It has its own folder and cache keys."""

    def __init__(
        self, database: str, environment: dict[str, str], arguments: list[str]
    ) -> None:
        self.database = database
        self.folder = Path(environment["SKILLFLEET_TEST_FOLDER"], database.lower())
        self.folder.mkdir()
        self.environment = environment | {
            "SKILLFLEET_TEST_FOLDER": str(self.folder),
            "SKILLFLEET_TEST_LEG": database.lower(),
        }
        colour = ["--color=yes"] if sys.stdout.isatty() else []
        workers = ["-n", environment["TEST_WORKERS"]]
        self.command = [sys.executable, *PYTEST, *workers, *arguments, *colour]
        self.output = self.folder / "output"
        self.read_to = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us, who pass it on once
            )
        try:
            yield
        except BaseException:
            self.process.send_signal(signal.SIGINT)
            self.show()
            raise
        finally:
            with suppress(ProcessLookupError):  # also what a test left running
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def wait_until_collected(self) -> None:
        """Until a worker has imported every test. The next run then finds the bytecode
        that this one has compiled."""
        while self.process.poll() is None and not (self.folder / "collected").exists():
            time.sleep(0.1)

    def show(self) -> None:
        """Copy the output to stdout as it is written, until the run has ended."""
        ended = False
        while not ended:
            ended = self.process.poll() is not None
            with self.output.open("rb") as output:
                output.seek(self.read_to)
                shutil.copyfileobj(output, sys.stdout.buffer)
                self.read_to = output.tell()
            sys.stdout.buffer.flush()
            if not ended:
                time.sleep(0.1)

    def closing(self) -> str:
        """The name of the database, and below it pytest's closing line."""
        lines = self.output.read_bytes().splitlines()
        closing = [line for line in lines if CLOSING_LINE.match(line)]
        last = closing[-1].decode() if closing else "no closing line"
        return f"{self.database}:\n{last}"


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
