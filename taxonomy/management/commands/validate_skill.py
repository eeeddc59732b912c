"""`manage.py validate_skill PATH|NAME…`: what is wrong with skills, and how bad."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from core.terminal import say
from taxonomy.files.file import File
from taxonomy.files.gate import FilesRefused, SourceRefused, not_looked_into
from taxonomy.files.sources import SKILL_FILES, SkillSource, open_source, regular_file
from taxonomy.models import Skill
from taxonomy.package import configured_limits, source_limits
from taxonomy.skillmd.findings import Finding
from taxonomy.skillmd.report import Report, validate
from taxonomy.validation import due

FAILED, UNREADABLE = 1, 2
STYLES = {"passed": "green", "warnings": "yellow", "failed": "red"}


class Judged(NamedTuple):
    name: str
    report: Report


class Command(BaseCommand):
    help = (
        "Validate skills: a folder, a SKILL.md, an archive or a folder of skills, or a"
        " published skill by its name. Exit code 0: all pass; 1: one fails; 2: there"
        " is nothing like that."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("targets", nargs="*", metavar="PATH|NAME")
        parser.add_argument(
            "--all",
            action="store_true",
            help="every published skill that is not archived, by today's rules",
        )
        parser.add_argument("--json", action="store_true", help="print a JSON list")

    def handle(self, *, targets: list[str], **options: Any) -> None:
        self.stdout.ending = ""  # rich ends its lines itself
        if bool(targets) == options["all"]:
            raise CommandError("Name skills, or say --all.", returncode=UNREADABLE)
        console = Console(file=cast(IO[str], self.stdout), highlight=False)
        rows: list[dict[str, Any]] = []
        failed = False
        if options["all"] and not options["json"]:
            say(console, f"{due().count()} skill(s) were judged by other rules.")
        for judged in every_skill() if options["all"] else found_at(targets):
            failed |= not judged.report.passed
            if options["json"]:
                rows.append({"skill": judged.name, **judged.report.as_json()})
            else:
                tell(judged, console)
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2) + "\n")
        if failed:
            sys.exit(FAILED)


def every_skill() -> Iterator[Judged]:
    kept = Skill.objects.exclude(status=Skill.Status.ARCHIVED).order_by("name")
    for key in list(kept.values_list("pk", flat=True)):
        skill: Skill = Skill.objects.select_related("current").get(pk=key)
        yield Judged(skill.name, skill.judge())


def found_at(targets: list[str]) -> Iterator[Judged]:
    for target in targets:
        # Not asked of a Path, which raises for a name that is too long to be one.
        if not os.path.exists(target):
            yield published(target)
            continue
        try:
            yield from found_on_disk(Path(target), target)
        except SourceRefused as error:
            message = f"{target}: {error.detail}"
            raise CommandError(message, returncode=UNREADABLE) from None


def found_on_disk(path: Path, target: str) -> Iterator[Judged]:
    """Raises SourceRefused."""
    if path.name in SKILL_FILES and path.is_file():
        yield Judged(target, judged_alone(path))
        return
    with open_source(path, source_limits()) as source:
        yield from below(source, target)


def judged_alone(path: Path) -> Report:
    """A SKILL.md without the files beside it. Raises SourceRefused."""
    limits = configured_limits()
    with regular_file(path) as stream:
        content = stream.read(limits.file_bytes + 1)
    return validate((File(path.name, content),), None, limits)


def below(source: SkillSource, target: str) -> Iterator[Judged]:
    """Every skill of a folder or an archive."""
    for folder in source.folders:
        shown = str(Path(target) / folder)
        try:
            files = source.read(folder)
        except FilesRefused as refused:
            yield Judged(shown, unread(*refused.findings))
        else:
            name = source.name_of(folder)
            yield Judged(shown, validate(files, name, configured_limits()))
    for passed in source.passed_over:
        shown = str(Path(target) / passed.path)
        yield Judged(shown, unread(not_looked_into(*passed)))


def unread(*findings: Finding) -> Report:
    """Of what was not read at all."""
    return Report((), (), findings, (), ())


def published(name: str) -> Judged:
    """Its verdict is what the skill shows from then on."""
    try:
        skill: Skill = Skill.objects.select_related("current").resolve(name)
    except Skill.DoesNotExist:
        message = f"There is no folder and no skill {name!r}."
        raise CommandError(message, returncode=UNREADABLE) from None
    return Judged(skill.name, skill.judge())


def tell(judged: Judged, console: Console) -> None:
    name, report = judged
    say(console, f"{name}: {report.status} {report.score:.0%}", STYLES[report.status])
    for found in report.findings:
        say(console, f"  {found.severity} {found} [{found.rule}]")
        if found.snippet:
            say(console, f"    {found.snippet}", "dim")
        if found.remedy:
            say(console, f"    {found.remedy}")
    for found in report.accepted:
        say(console, f"  waived {found} [{found.rule}]", "dim")
