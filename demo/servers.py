"""The demo's servers: their environment, processes, database and users."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import django

from demo.api import Failed

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN = 60.0
STOPPED_WITHIN = 20.0
SET_UP = (["migrate"], ["seed_taxonomy"])  # migrate creates tables and groups
FOREIGN = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_", "SKILLFLEET_")


@dataclass(frozen=True)
class Process:
    name: str
    popen: "subprocess.Popen[bytes]"
    log: Path | None

    def log_tail(self) -> str:
        if self.log is None:
            return "see above"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


def environment(var: Path) -> dict[str, str]:
    """The environment of this process, without variables for other databases or
    settings."""
    inherited = {
        name: v for name, v in os.environ.items() if not name.startswith(FOREIGN)
    }
    return inherited | {
        "SKILLFLEET_VAR_DIR": str(var),
        # Set here, so that a .env file in the checkout cannot override it.
        "DATABASE_URL": f"sqlite:///{quote(str(var / 'db.sqlite3'))}",
        "REDIS_URL": "",
        "SKILLFLEET_PUBLIC_READ": "true",
        "PYTHONUNBUFFERED": "1",
    }


def manage(env: dict[str, str], *arguments: str) -> str:
    """Run a management command; return its output."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(  # noqa: S603 (our own command line)
        command, cwd=ROOT, env=env, capture_output=True, text=True
    )
    if done.returncode:
        command_line = " ".join(arguments)
        raise Failed(f"manage.py {command_line} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    env: dict[str, str], address: str, logs: Path | None, events: str = ""
) -> Iterator[list[Process]]:
    """Run web server and worker within the block.

    They log into the folder `logs`, or to this terminal. `events` is the address of the
    server for event streams; if it is empty, none is started.
    """
    commands = {
        "web": [
            *(sys.executable, "-m", "gunicorn"),  # and gunicorn.conf.py
            *("--bind", address, "--workers", "1", "--log-level", "warning"),
        ],
        "worker": [sys.executable, "manage.py", "qcluster"],
    }
    if events:
        commands["events"] = [
            *(sys.executable, "-m", "gunicorn", "-c", "gunicorn_events.conf.py"),
            *("--bind", events, "--log-level", "warning"),
        ]
    started: list[Process] = []
    try:
        for name, command in commands.items():
            started.append(start(name, command, env, logs))
        yield started
    finally:
        stop(started)


def start(
    name: str, command: list[str], env: dict[str, str], logs: Path | None
) -> Process:
    log = logs / f"{name}.log" if logs else None
    output = log.open("wb") if log else None
    try:
        popen = subprocess.Popen(  # noqa: S603 (our own command line)
            command,
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,  # so that Ctrl-C reaches this process only
        )
    finally:
        if output:
            output.close()
    return Process(name, popen, log)


def stop(processes: list[Process]) -> None:
    for process in processes:
        process.popen.terminate()
    for process in processes:
        try:
            process.popen.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            process.popen.kill()
            process.popen.wait()


def wait_until_ready(processes: list[Process], address: str) -> None:
    give_up = time.monotonic() + READY_WITHIN
    answer = "no answer"
    while time.monotonic() < give_up:
        check_alive(processes)
        try:
            with urllib.request.urlopen(f"http://{address}/readyz", timeout=5):
                return
        except urllib.error.HTTPError as refused:
            answer = f"{refused.code} {refused.read().decode(errors='replace')}"
        except OSError:
            pass
        time.sleep(0.1)
    raise Failed(f"/readyz was not ready within {READY_WITHIN:.0f} s: {answer}")


def check_alive(processes: list[Process]) -> None:
    for process in processes:
        if process.popen.poll() is not None:
            raise Failed(
                f"the {process.name} ended with code {process.popen.returncode}"
            )


def join(env: dict[str, str]) -> None:
    """Set Django up in this process with the demo's settings and database."""
    os.environ.update(env, DJANGO_SETTINGS_MODULE="skillfleet.settings")
    django.setup()


def make_person(name: str, *groups: str) -> None:
    from django.contrib.auth.models import Group, User

    person = User.objects.create_user(name, password=secrets.token_urlsafe(12))
    person.groups.set(Group.objects.filter(name__in=groups))
    close_connections()


def make_first_admin(name: str) -> str | None:
    """Make an admin and return their password; None if there is an admin already."""
    from django.contrib.auth.models import User

    if User.objects.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    admin, _ = User.objects.get_or_create(username=name)
    admin.is_staff = admin.is_superuser = admin.is_active = True
    admin.set_password(password)
    admin.save()
    close_connections()
    return password


def close_connections() -> None:
    from django.db import connections

    connections.close_all()
