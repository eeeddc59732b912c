"""Removes jobs that ended long ago."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.engine.maintenance import free_content, prunable, prune

MAX_DAYS = 36_500


class Command(BaseCommand):
    help = "Remove jobs that ended long ago, with their drafts, sources and history."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            default=settings.SKILLFLEET_JOBS_KEPT_DAYS,
            help="keep jobs that ended within this many days (default: %(default)s)",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only count the jobs, remove nothing"
        )

    def handle(self, *, days: int, dry_run: bool, **options: Any) -> None:
        if not 0 <= days <= MAX_DAYS:
            raise CommandError(f"--days: from 0 to {MAX_DAYS}.")
        age = timedelta(days=days)
        if dry_run:
            self.stdout.write(f"{prunable(age)} job(s) would be removed.")
            return
        jobs = rows = 0
        for batch in prune(age):
            jobs, rows = jobs + batch.jobs, rows + batch.rows
            if options["verbosity"] > 1:
                self.stdout.write(f"{jobs} job(s) so far")
        self.stdout.write(f"{jobs} job(s) removed, {rows} row(s) in all.")
        freed = free_content()
        self.stdout.write(
            f"{freed.bundles} bundle(s) and {freed.blobs} file(s) that nothing uses"
            " removed."
        )
