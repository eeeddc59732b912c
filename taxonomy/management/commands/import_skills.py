"""`manage.py import_skills PATH`: a folder, checkout or archive of skills."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.json_values import text_finding
from taxonomy.files.sources import open_source
from taxonomy.importing.importer import Importer, ImportOptions, OnConflict
from taxonomy.importing.report import Report
from taxonomy.management.command_line import (
    active_user,
    category_named,
    report_at_end,
    with_progress,
)
from taxonomy.models import Origin
from taxonomy.package import source_limits

SOME_REFUSED = 3


class Command(BaseCommand):
    help = (
        "Import every skill of a folder, git checkout, zip or tar. The same bytes"
        " change nothing. Exit code 0: all are in; 1: nothing could be read;"
        " 3: some were refused, or the database failed; 130: Ctrl-C, those before it"
        " are in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, metavar="PATH")
        parser.add_argument(
            "--category", metavar="PATH", help="where all go (default: each is placed)"
        )
        parser.add_argument(
            "--lenient",
            action="store_true",
            help="keep unknown fields, allow folders not named as their skill",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be, write nothing"
        )
        parser.add_argument(
            "--on-conflict",
            choices=[str(choice) for choice in OnConflict],
            default=str(OnConflict.VERSION),
            help="when a skill of that name has other files (default: %(default)s)",
        )
        parser.add_argument(
            "--prune",
            action="store_true",
            help="archive what came from this source and is gone from it",
        )
        parser.add_argument(
            "--source",
            metavar="NAME",
            help="by which the source is known next time (default: the full path;"
            " '': nothing is remembered)",
        )
        parser.add_argument("--user", default="", help="the author of the versions")
        parser.add_argument("--json", action="store_true", help="print the report so")

    def handle(self, *, path: Path, **options: Any) -> None:
        self.stdout.ending = ""  # rich ends its lines itself
        wanted = wanted_options(path, **options)
        report = Report(wanted.origin, wanted.dry_run)
        with (
            report_at_end(report, self.stdout, as_json=options["json"]),
            open_source(path, source_limits()) as source,
        ):
            bringing = Importer(source, wanted)
            run = bringing.run()
            for outcome in with_progress(run, len(source.folders), self.stderr):
                report.outcomes.append(outcome)
        if bringing.stopped:
            raise CommandError(bringing.stopped, returncode=SOME_REFUSED)
        if report.refused:
            sys.exit(SOME_REFUSED)


def wanted_options(
    path: Path,
    *,
    category: str | None,
    user: str,
    source: str | None,
    on_conflict: str,
    lenient: bool,
    dry_run: bool,
    prune: bool,
    **others: Any,
) -> ImportOptions:
    """Raises CommandError for what cannot be meant."""
    origin = str(path.resolve()) if source is None else source
    if finding := finding_of(origin):
        remedy = "Name the source by --source NAME." if source is None else ""
        option = "PATH" if source is None else "--source"
        raise CommandError(f"{option}: {finding} {remedy}".rstrip())
    if prune and not origin:
        raise CommandError("--prune: name the source; only what came from it goes.")
    return ImportOptions(
        origin=origin,
        category=category_named(category),
        lenient=lenient,
        dry_run=dry_run,
        on_conflict=OnConflict(on_conflict),
        prune=prune,
        author=active_user(user),
    )


def finding_of(origin: str) -> str:
    """Why a source cannot be known by it next time, or nothing."""
    if text_finding(origin):
        return "It is not UTF-8."
    most = Origin.MOST_CHARS
    return f"It has more than {most} characters." if len(origin) > most else ""
