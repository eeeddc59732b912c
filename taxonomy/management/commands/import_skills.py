"""`manage.py import_skills PATH`: a folder, checkout or archive of skills."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.json_values import text_finding
from taxonomy.files.sources import open_source
from taxonomy.importing.importer import Importer, ImportOptions, OnConflict
from taxonomy.importing.report import Report
from taxonomy.limits import source_limits
from taxonomy.management.command_line import (
    active_user,
    category_named,
    report_at_end,
    with_progress,
)
from taxonomy.models import Origin

SOME_REFUSED = 3


class Command(BaseCommand):
    help = (
        "Import all skills of a folder, git checkout, zip or tar. Unchanged skills stay"
        " as they are. Exit codes: 0, all are imported; 1, PATH cannot be read; 3, some"
        " were refused or the database failed; 130, stopped by Ctrl-C, earlier ones are"
        " imported."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, metavar="PATH")
        parser.add_argument(
            "--category",
            metavar="PATH",
            help="category for all skills (default: chosen for each new skill)",
        )
        parser.add_argument(
            "--lenient",
            action="store_true",
            help="keep unknown fields, and allow folders whose name is not the skill's",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="report what would happen, write nothing",
        )
        parser.add_argument(
            "--on-conflict",
            choices=[str(choice) for choice in OnConflict],
            default=str(OnConflict.VERSION),
            help="what to do if another skill has the name (default: %(default)s)",
        )
        parser.add_argument(
            "--prune",
            action="store_true",
            help="archive skills that came from this source and are gone from it",
        )
        parser.add_argument(
            "--source",
            metavar="NAME",
            help="identifies the source in later imports (default: the full path;"
            " '': nothing is recorded)",
        )
        parser.add_argument("--user", default="", help="author of the new versions")
        parser.add_argument(
            "--json", action="store_true", help="print the report as JSON"
        )

    def handle(self, *, path: Path, **options: Any) -> None:
        self.stdout.ending = ""  # rich ends its lines itself
        import_options = import_options_from(path, **options)
        report = Report(import_options.origin, import_options.dry_run)
        with (
            report_at_end(report, self.stdout, as_json=options["json"]),
            open_source(path, source_limits()) as source,
        ):
            importer = Importer(source, import_options)
            run = importer.run()
            for outcome in with_progress(run, len(source.folders), self.stderr):
                report.outcomes.append(outcome)
        if importer.stopped:
            raise CommandError(importer.stopped, returncode=SOME_REFUSED)
        if report.refused:
            sys.exit(SOME_REFUSED)


def import_options_from(
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
    """Raises CommandError for an invalid option."""
    origin = str(path.resolve()) if source is None else source
    if finding := finding_of(origin):
        remedy = "Name the source by --source NAME." if source is None else ""
        option = "PATH" if source is None else "--source"
        raise CommandError(f"{option}: {finding} {remedy}".rstrip())
    if prune and not origin:
        raise CommandError(
            "--prune needs a --source: only skills from it are archived."
        )
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
    """Why it cannot identify a source, or nothing."""
    if text_finding(origin):
        return "It is not UTF-8."
    most = Origin.MOST_CHARS
    return f"It has more than {most} characters." if len(origin) > most else ""
