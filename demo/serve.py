"""`make serve`: web and worker in the foreground, with their state in var/."""

import os
import signal
import sys
import time

from rich.console import Console
from rich.markup import escape

from demo import people, place
from demo.failure import Failed

ADMIN = "admin"


def main() -> int:
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    address = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
    try:
        serve(console, address)
    except Failed as reason:
        console.print(f"[bold red]Stopped:[/bold red] {escape(str(reason))}")
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped.")
    return 0


def serve(console: Console, address: str) -> None:
    """Whatever the environment or .env names is used: this is no demo."""
    env = dict(os.environ)
    for command in place.SET_UP:
        place.manage(env, *command)
    people.join(env)
    password = people.make_first_admin(ADMIN)
    with place.running(env, address, None) as processes:
        wait_for_worker(processes)  # or the web would log each early look at /readyz
        place.wait_until_ready(processes, address)
        console.print(f"Admin    http://{address}/admin/")
        console.print(f"API      http://{address}/api/docs")
        if password:
            console.print(f"Log in as {ADMIN} with password {password} (shown once)")
        console.print("Ctrl-C stops web and worker.")
        while True:
            place.check_alive(processes)
            time.sleep(0.5)


def wait_for_worker(processes: list[place.Process]) -> None:
    """Until one is alive, or READY_WITHIN: then /readyz says what is wrong."""
    from jobs.models import Worker

    give_up = time.monotonic() + place.READY_WITHIN
    while not Worker.objects.alive().exists() and time.monotonic() < give_up:
        place.check_alive(processes)
        time.sleep(0.1)
    people.leave_database()


if __name__ == "__main__":
    sys.exit(main())
