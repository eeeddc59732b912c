"""`manage.py sync_skills DIR`: a folder and the fleet become alike, both ways."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from taxonomy.importing.outcomes import Report
from taxonomy.importing.telling import tell_report, watched
from taxonomy.management.arguments import active_user, category_named
from taxonomy.packaging.errors import SourceRefused
from taxonomy.syncing.running import Prefer, Sync, SyncAction, SyncOptions

SOME_LEFT, INTERRUPTED = 3, 130


class Command(BaseCommand):
    help = (
        "Make DIR/<name> and the fleet's skills alike: what changed on one side goes"
        " to the other, what changed on both is reported and left. Exit code 0: all"
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
        interrupted = False
        try:
            if not dry_run:
                folder.mkdir(parents=True, exist_ok=True)
            sync = Sync(folder, wanted)
            for outcome in watched(sync.run(), len(sync.names), self.stderr):
                report.outcomes.append(outcome)
        except (SourceRefused, OSError) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            interrupted = True
        tell_report(report, self.stdout, as_json=options["json"])
        if interrupted or report.refused:
            sys.exit(INTERRUPTED if interrupted else SOME_LEFT)
