"""`manage.py sync_skills DIR`: copies changes between a folder and the fleet."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from taxonomy.importing.report import Report
from taxonomy.management.command_line import (
    active_user,
    category_named,
    report_at_end,
    with_progress,
)
from taxonomy.sync import Prefer, Sync, SyncAction, SyncOptions

SOME_LEFT = 3


class Command(BaseCommand):
    help = (
        "Sync the skills in DIR, at any depth, with the fleet's. A change on one side"
        " is copied to the other; new skills of the fleet go to DIR/<name>; changes on"
        " both sides are a conflict, which is reported and left alone. Exit codes: 0,"
        " all are the same or kept; 1, DIR cannot be read; 3, conflicts or refusals"
        " remain; 130, stopped by Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument(
            "--category",
            metavar="PATH",
            help="write new skills of this category only (default: all active skills)",
        )
        parser.add_argument(
            "--prefer",
            choices=[str(side) for side in Prefer],
            help="side that wins conflicts: the fleet (here) or the folder (there)",
        )
        parser.add_argument(
            "--prune",
            action="store_true",
            help="remove unchanged skills that are gone from the other side",
        )
        parser.add_argument(
            "--lenient",
            action="store_true",
            help="keep unknown fields of SKILL.md files",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="report what would happen, write nothing",
        )
        parser.add_argument("--user", default="", help="author of the new versions")
        parser.add_argument(
            "--json", action="store_true", help="print the report as JSON"
        )

    def handle(
        self, *, folder: Path, prefer: str | None, dry_run: bool, **options: Any
    ) -> None:
        self.stdout.ending = ""  # rich ends its lines itself
        report = Report(str(folder.resolve()), dry_run, actions=SyncAction)
        sync_options = SyncOptions(
            category=category_named(options["category"]),
            prefer=Prefer(prefer) if prefer else None,
            prune=options["prune"],
            lenient=options["lenient"],
            dry_run=dry_run,
            author=active_user(options["user"]),
        )
        with report_at_end(report, self.stdout, as_json=options["json"]):
            if not dry_run:
                folder.mkdir(parents=True, exist_ok=True)
            sync = Sync(folder, sync_options)
            report.notes = sync.notes
            for outcome in with_progress(sync.run(), len(sync.names), self.stderr):
                report.outcomes.append(outcome)
        if sync.stopped:
            raise CommandError(sync.stopped, returncode=SOME_LEFT)
        if report.refused:
            sys.exit(SOME_LEFT)
