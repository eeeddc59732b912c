"""The processes that are killed: clusters and a web server, each in its own session.

A `Service` that has ended is started again, as systemd would do it.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.servers.postgres import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
STOPPED_WITHIN = 30.0
MARK = "CHAOS_RUN"


class Service:
    def __init__(
        self, name: str, command: list[str], environment: dict[str, str], log: Path
    ) -> None:
        self.name = name
        self.command = command
        self.environment = environment
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def keep_up(self) -> bool:
        """Start it if it has ended; True if it was started."""
        if not self.has_ended():
            return False
        self.start()
        return True

    def children(self) -> list[int]:
        try:
            text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        except OSError:
            return []
        return [int(child) for child in text.split()]

    def pids(self) -> list[int]:
        return [self.pid, *self.children()]

    def stop(self) -> int:
        """Terminate it; return its exit code, or kill it if it does not end in time."""
        assert self.process
        for pid in self.pids():
            send_signal(pid, signal.SIGCONT)
        self.process.terminate()
        try:
            return self.process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self.destroy()
            return -signal.SIGKILL

    def destroy(self) -> None:
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def cluster(
    name: str, workers: int, environment: dict[str, str], folder: Path
) -> Service:
    command = [sys.executable, "manage.py", "qcluster", "--workers", str(workers)]
    own = environment | {"SKILLFLEET_HOST_NAME": name}
    return Service(name, command, own, folder / f"{name}.log")


def web(environment: dict[str, str], folder: Path) -> tuple[Service, int]:
    """gunicorn with two workers, and the port that it listens on."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"),
        *("--workers", "2", "--threads", "4", "--log-level", "warning"),
    ]
    return Service("web", command, environment, folder / "web.log"), port


def send_signal(pid: int, sent: signal.Signals) -> bool:
    """False if the process no longer exists."""
    try:
        os.kill(pid, sent)
    except ProcessLookupError:
        return False
    return True


def is_gone(pid: int) -> bool:
    """Whether the process has ended, even if nobody has reaped it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in (
            "Z",
            "X",
        )
    except OSError:
        return True


def left_behind(run: str) -> list[int]:
    """Living processes with the mark of this run, other than this one."""
    marked = f"{MARK}={run}".encode()
    pids = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with suppress(OSError):
                if marked in (folder / "environ").read_bytes().split(b"\0"):
                    pids.append(int(folder.name))
    return [pid for pid in pids if not is_gone(pid)]


def wait_until_gone(pids: list[int], seconds: float) -> list[int]:
    """Wait for these processes to end; return those that have not ended in time."""
    give_up = time.monotonic() + seconds
    while (alive := [pid for pid in pids if not is_gone(pid)]) and (
        time.monotonic() < give_up
    ):
        time.sleep(0.02)
    return alive
