"""`make serve`: web, worker and event streams in the foreground; state in var/."""

import os
import signal
import sys
import time

from rich.console import Console
from rich.markup import escape

from demo import servers
from demo.api import Failed

ADMIN = "admin"


def main() -> int:
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = int(os.environ.get("PORT", "8000"))
    try:
        serve(console, f"127.0.0.1:{port}", f"127.0.0.1:{port + 1}")
    except Failed as reason:
        console.print(f"[bold red]Stopped:[/bold red] {escape(str(reason))}")
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped.")
    return 0


def serve(console: Console, address: str, events: str) -> None:
    """Unlike the demo, use the settings of the environment and of .env."""
    env = {"SKILLFLEET_EVENTS_URL": f"http://{events}", **os.environ}
    for command in servers.SET_UP:
        servers.manage(env, *command)
    servers.join(env)
    password = servers.make_first_admin(ADMIN)
    with servers.running(env, address, None, events) as processes:
        wait_for_worker(
            processes
        )  # otherwise the web server would log each early request of /readyz
        servers.wait_until_ready(processes, address)
        console.print(f"Admin    http://{address}/admin/")
        console.print(f"API      http://{address}/api/docs")
        console.print(f"Events   http://{events}/api/v1/jobs/…/events")
        if password:
            console.print(f"Log in as {ADMIN} with password {password} (shown once)")
        console.print("Ctrl-C stops them all.")
        while True:
            servers.check_alive(processes)
            time.sleep(0.5)


def wait_for_worker(processes: list[servers.Process]) -> None:
    """Wait up to READY_WITHIN for a live worker; /readyz then says what is wrong."""
    from jobs.models import Worker

    give_up = time.monotonic() + servers.READY_WITHIN
    while not Worker.objects.alive().exists() and time.monotonic() < give_up:
        servers.check_alive(processes)
        time.sleep(0.1)
    servers.close_connections()


if __name__ == "__main__":
    sys.exit(main())
