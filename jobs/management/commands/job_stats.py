"""Shows how many jobs there are, and how long they take."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.terminal import columns
from jobs.models import Job
from jobs.monitoring import FIELDS, statistics

HEADINGS = ("status", "count", *FIELDS)


class Command(BaseCommand):
    help = "Count the jobs by status, with average, median and 95 % durations."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a JSON list")

    def handle(self, *, json: bool, **options: Any) -> None:
        rows = statistics(Job.objects.all())
        if json:
            self.stdout.write(as_json(rows))
            return
        cells = [[_cell(row[heading]) for heading in HEADINGS] for row in rows]
        for line in columns(HEADINGS, cells):
            self.stdout.write(line)


def as_json(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, indent=2)


def _cell(value: Any) -> str:
    return "-" if value is None else str(value)
