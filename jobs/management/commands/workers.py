"""Lists the workers."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.terminal import columns
from jobs.api.monitoring import WorkerSerializer
from jobs.models import Worker
from jobs.monitoring import how_to_start_a_worker

HEADINGS = [name for name in WorkerSerializer.Meta.fields if name != "plane"]


class Command(BaseCommand):
    help = "List the workers of all hosts; fails when none is alive."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a JSON list")

    def handle(self, **options: Any) -> None:
        rows = WorkerSerializer(Worker.objects.with_liveness(), many=True).data
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2))
        else:
            cells = [[_cell(row[heading]) for heading in HEADINGS] for row in rows]
            for line in columns(HEADINGS, cells):
                self.stdout.write(line)
        if not any(row["alive"] for row in rows):
            raise CommandError(f"No worker is alive; {how_to_start_a_worker()}.")


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in (None, "") else str(value)
