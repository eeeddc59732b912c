"""The whole suite: `make test`, or `python -m tests [--sqlite] [pytest arguments]`.

Everything runs on SQLite and Valkey; what touches a database runs again on
PostgreSQL. TEST_POSTGRES_URL and TEST_REDIS_URL name servers to use; those that
are not named are started here and always stopped.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.servers.postgres import postgres
from tests.servers.valkey import valkey

ROOT = Path(__file__).resolve().parent.parent
WORKERS = os.environ.get("TEST_WORKERS", "2")
PYTEST = ["-m", "pytest", "-n", WORKERS, "--dist", "loadgroup"]
TESTS_ARE_NOT_MEASURED = ["-W", "ignore:Unable to activate pytest branch coverage"]
COMES_FIRST = ["-W", "ignore:Module already imported so cannot be rewritten"]
NO_TESTS_SELECTED = 5  # pytest's exit code
INTERRUPTED = 130
OURS = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "SKILLFLEET_")
CLOSING_LINE = re.compile(rb"^(\x1b\[[\d;]*m)*=+ .*\bin \d.* =+")


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(INTERRUPTED))
    # A shell that starts us in the background ignores it, which tests would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sqlite_only = "--sqlite" in arguments
    arguments = [each for each in arguments if each != "--sqlite"]
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="skillfleet-"))
        )
        environment = clean_environment(folder)
        environment["TEST_REDIS_URL"] = stack.enter_context(redis_url(folder))
        if not sqlite_only:
            url = stack.enter_context(postgres_url(folder))
            environment["TEST_POSTGRES_URL"] = url
        return run_legs(environment, arguments, sqlite_only=sqlite_only)


def clean_environment(folder: Path) -> dict[str, str]:
    """Ours less what a developer set for a server of theirs.

    Bytecode is always written: the tests start some hundred interpreters, and each
    would compile Django anew.
    """
    kept = {name: v for name, v in os.environ.items() if not name.startswith(OURS)}
    if kept.pop("PYTHONDONTWRITEBYTECODE", ""):
        kept.setdefault("PYTHONPYCACHEPREFIX", str(folder / "bytecode"))
    (folder / "tests").mkdir()
    return kept | {"SKILLFLEET_TEST_FOLDER": str(folder / "tests")}


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
    """Both runs, and the coverage of the first, of which the second is a part; the
    worse exit code of the two."""
    coverage = Path(environment["SKILLFLEET_TEST_FOLDER"], "coverage.txt")
    quiet = [*TESTS_ARE_NOT_MEASURED, *COMES_FIRST]
    selected = [*quiet, "-m", "not slow", *arguments]
    slipcover = [*TESTS_ARE_NOT_MEASURED, "-m", "slipcover", "--out", str(coverage)]
    code, closing = run_pytest("SQLite", environment, [*slipcover, *PYTEST, *selected])
    codes, closings = [code], [closing]
    if not sqlite_only:
        on_postgres = environment | {"DATABASE_URL": environment["TEST_POSTGRES_URL"]}
        selected = ["-m", "not slow", *arguments, "-m", "db and not slow"]
        code, closing = run_pytest("PostgreSQL", on_postgres, [*PYTEST, *selected])
        codes.append(code)
        closings.append(closing)
    if coverage.exists():
        print(coverage.read_text())
    print("\n".join(closings), flush=True)
    return worst(codes)


def worst(codes: list[int]) -> int:
    """Selecting nothing is a failure only when no run selected anything."""
    ran = [code for code in codes if code != NO_TESTS_SELECTED]
    return max(ran, default=NO_TESTS_SELECTED)


def run_pytest(
    database: str, environment: dict[str, str], arguments: list[str]
) -> tuple[int, str]:
    """One run, shown as it goes; returns its exit code and its closing line."""
    print(f"\n{database}", flush=True)
    colour = ["--color=yes"] if sys.stdout.isatty() else []
    run = subprocess.Popen(
        [sys.executable, *arguments, *colour],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us, who pass it on once
    )
    try:
        closing = show(run)
    except BaseException:
        run.send_signal(signal.SIGINT)
        show(run)
        raise
    finally:
        with suppress(ProcessLookupError):  # also what a test left running
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    return run.returncode, f"{database}:\n{closing}"


def show(run: "subprocess.Popen[bytes]") -> str:
    """Pass output on as it comes; returns pytest's closing line."""
    assert run.stdout is not None
    tail = b""
    while chunk := os.read(run.stdout.fileno(), 65536):
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        tail = (tail + chunk)[-65536:]
    run.wait()
    closing = [line for line in tail.splitlines() if CLOSING_LINE.match(line)]
    return closing[-1].decode() if closing else "no closing line"


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
