"""Lists stuck jobs, and requeues or fails them."""

import json
import re
from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.terminal import columns
from jobs.monitoring import (
    DEAD,
    QueueStatus,
    Stuck,
    fail,
    how_to_start_a_worker,
    queue_status,
    requeue,
    stuck,
)

HEADINGS = (
    "job_id",
    "kind",
    "current_phase",
    "created_at",
    "age",
    "crashes",
    "worker",
)
CONTINUED = "skipped, the job has continued in the meantime"
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Command(BaseCommand):
    help = (
        "List dead jobs, which no worker will take, and long ones, whose worker is"
        " alive. Exit code 1: dead jobs remain, or jobs wait and no worker is alive."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than",
            type=duration,
            default="1h",
            metavar="TIME",
            help="a job is long when it runs for this time: 90s, 15m, 1h (default), 2d",
        )
        actions = parser.add_mutually_exclusive_group()
        actions.add_argument(
            "--requeue", action="store_true", help="put dead jobs into the queue again"
        )
        actions.add_argument("--fail", action="store_true", help="fail dead jobs")
        parser.add_argument(
            "--include-long",
            action="store_true",
            help="act on long jobs, too, and take them from their workers",
        )
        parser.add_argument("--json", action="store_true", help="print a JSON list")

    def handle(
        self, *, older_than: timedelta, include_long: bool, **options: Any
    ) -> None:
        stuck_jobs = stuck(older_than)
        self._show(stuck_jobs, options["json"])
        action = requeue if options["requeue"] else fail if options["fail"] else None
        for stuck_job in stuck_jobs:
            if action and (stuck_job.kind == DEAD or include_long):
                result = "done" if action(stuck_job) else CONTINUED
                self.stderr.write(f"{action.__name__} {stuck_job.job.pk}: {result}")
        dead = [stuck_job for stuck_job in stuck(older_than) if stuck_job.kind == DEAD]
        if problems := list(_problems(dead, queue_status())):
            raise CommandError("\n".join(problems), returncode=1)

    def _show(self, jobs: list[Stuck], as_json: bool) -> None:
        rows = [each.as_json() for each in jobs]
        if as_json:
            self.stdout.write(json.dumps(rows, indent=2))
            return
        cells = [[_cell(name, row[name]) for name in HEADINGS] for row in rows]
        for line in columns(HEADINGS, cells):
            self.stdout.write(line)


def duration(text: str) -> timedelta:
    """Parse a duration like `90s`, `15m`, `1h` or `2d`. Raises ArgumentTypeError."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is not a duration; use 90s, 15m, 1h or 2d")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def _cell(name: str, value: Any) -> str:
    if name == "age":
        return str(timedelta(seconds=value))
    return str(value) or "-"


def _problems(dead: list[Stuck], status: QueueStatus) -> list[str]:
    """Why the exit code is 1; empty when it is 0."""
    problems = []
    if dead:
        problems.append(
            f"{len(dead)} dead job(s): use --requeue to put them into the queue again."
        )
    if status.is_stalled:
        problems.append(
            f"{status.waiting} job(s) wait and no worker is alive:"
            f" {how_to_start_a_worker()}"
        )
    return problems
