"""`manage.py sync_skills DIR`: a folder and the fleet become alike, both ways."""

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
        "Make the skills below DIR and the fleet's alike, wherever they lie: what"
        " changed on one side goes to the other, what is new here to DIR/<name>, what"
        " changed on both is reported and left. Exit code 0: all"
        " are alike or kept; 1: DIR cannot be read; 3: conflicts or refusals remain;"
        " 130: Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument(
            "--category",
            metavar="PATH",
            help="send new skills of this category alone (default: all active ones)",
        )
        parser.add_argument(
            "--prefer",
            choices=[str(side) for side in Prefer],
            help="which side wins a conflict: the fleet (here) or the folder (there)",
        )
        parser.add_argument(
            "--prune",
            action="store_true",
            help="what is gone from one side goes from the other, unless it changed",
        )
        parser.add_argument(
            "--lenient", action="store_true", help="keep unknown fields of a SKILL.md"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be, write nothing"
        )
        parser.add_argument("--user", default="", help="the author of the versions")
        parser.add_argument("--json", action="store_true", help="print the report so")

    def handle(
        self, *, folder: Path, prefer: str | None, dry_run: bool, **options: Any
    ) -> None:
        self.stdout.ending = ""  # rich ends its lines itself
        report = Report(str(folder.resolve()), dry_run, actions=SyncAction)
        wanted = SyncOptions(
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
            sync = Sync(folder, wanted)
            report.notes = sync.notes
            for outcome in with_progress(sync.run(), len(sync.names), self.stderr):
                report.outcomes.append(outcome)
        if sync.stopped:
            raise CommandError(sync.stopped, returncode=SOME_LEFT)
        if report.refused:
            sys.exit(SOME_LEFT)
