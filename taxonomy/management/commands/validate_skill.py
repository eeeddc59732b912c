"""`manage.py validate_skill PATH|NAME…`: validates skills on disk or in the fleet."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from core.terminal import say
from taxonomy.files.gate import (
    File,
    FilesRefused,
    SourceRefused,
    is_skill_file,
    skipped_folder,
)
from taxonomy.files.sources import SkillSource, open_source, regular_file
from taxonomy.limits import configured_limits, source_limits
from taxonomy.models import Skill
from taxonomy.package import SkillPackage
from taxonomy.skillmd.findings import Finding, Findings
from taxonomy.skillmd.report import FAILED, PASSED, WARNINGS, Report
from taxonomy.validation import outdated_skills

SOME_FAILED, UNREADABLE = 1, 2
STYLES = {PASSED: "green", WARNINGS: "yellow", FAILED: "red"}


class Validated(NamedTuple):
    name: str
    report: Report


class Command(BaseCommand):
    help = (
        "Validate a skill's folder or SKILL.md, a folder or archive of many skills, or"
        " published skills by name. Exit codes: 0, all pass; 1, some fail; 2, a target"
        " does not exist."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("targets", nargs="*", metavar="PATH|NAME")
        parser.add_argument(
            "--all",
            action="store_true",
            help="all published skills that are not archived, by the current rules",
        )
        parser.add_argument("--json", action="store_true", help="print a JSON list")

    def handle(self, *, targets: list[str], **options: Any) -> None:
        self.stdout.ending = ""  # rich ends its lines itself
        if bool(targets) == options["all"]:
            raise CommandError(
                "Name the skills to validate, or use --all.", returncode=UNREADABLE
            )
        console = Console(file=cast(IO[str], self.stdout), highlight=False)
        rows: list[dict[str, Any]] = []
        failed = False
        if options["all"] and not options["json"]:
            number = outdated_skills().count()
            say(console, f"{number} skill(s) were last validated by older rules.")
        for validated in (
            every_skill() if options["all"] else validated_targets(targets)
        ):
            failed |= not validated.report.passed
            if options["json"]:
                rows.append({"skill": validated.name, **validated.report.as_json()})
            else:
                print_report(validated, console)
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2) + "\n")
        if failed:
            sys.exit(SOME_FAILED)


def every_skill() -> Iterator[Validated]:
    """Validate all skills that are not archived, and store their verdicts."""
    skills = Skill.objects.exclude(status=Skill.Status.ARCHIVED).order_by("name")
    for key in list(skills.values_list("pk", flat=True)):
        skill: Skill = Skill.objects.select_related("current").get(pk=key)
        yield Validated(skill.name, skill.validate())


def validated_targets(targets: list[str]) -> Iterator[Validated]:
    """Validate each target, which is a path or the name of a published skill."""
    for target in targets:
        # os.path.exists is False for a name that is too long; Path.exists raises.
        if not os.path.exists(target):
            yield published(target)
            continue
        try:
            yield from validated_on_disk(Path(target), target)
        except SourceRefused as error:
            message = f"{target}: {error.detail}"
            raise CommandError(message, returncode=UNREADABLE) from None


def validated_on_disk(path: Path, target: str) -> Iterator[Validated]:
    """Validate a SKILL.md, a folder or an archive. Raises SourceRefused."""
    if is_skill_file(path.name) and path.is_file():
        yield Validated(target, report_on_file(path))
        return
    with open_source(path, source_limits()) as source:
        yield from validated_skills_in(source, target)


def report_on_file(path: Path) -> Report:
    """Validate a SKILL.md without its other files. Raises SourceRefused."""
    limits = configured_limits()
    with regular_file(path) as stream:
        content = stream.read(limits.file_bytes + 1)
    return SkillPackage((File(path.name, content),), limits).report


def validated_skills_in(source: SkillSource, target: str) -> Iterator[Validated]:
    """A report on every skill and every skipped folder of a folder or archive.

    The report on a skill whose files are refused says why, and judges its SKILL.md.
    """
    limits = configured_limits()
    for folder in source.folders:
        path, name = str(Path(target) / folder), source.name_of(folder)
        try:
            package = SkillPackage(source.read(folder), limits, name, is_gated=True)
        except FilesRefused as refused:
            package = SkillPackage(source.read_skill_file(folder), limits, name)
            yield Validated(path, refused_report(package, refused.findings))
        else:
            yield Validated(path, package.report)
    for skipped in source.skipped:
        path = str(Path(target) / skipped.path)
        yield Validated(path, unread(skipped_folder(*skipped)))


def refused_report(skill_file: SkillPackage, refused: Findings) -> Report:
    """The report on a skill of which only the SKILL.md, if any, could be read."""
    return Report(skill_file.specification, skill_file.portable, refused, (), ())


def unread(*findings: Finding) -> Report:
    """The report on a folder that could not be read."""
    return Report((), (), findings, (), ())


def published(name: str) -> Validated:
    """Validate the current version, and store the verdict."""
    try:
        skill: Skill = Skill.objects.select_related("current").resolve(name)
    except Skill.DoesNotExist:
        message = f"{name!r} is neither a path nor a published skill."
        raise CommandError(message, returncode=UNREADABLE) from None
    return Validated(skill.name, skill.validate())


def print_report(validated: Validated, console: Console) -> None:
    name, report = validated
    say(console, f"{name}: {report.status} {report.score:.0%}", STYLES[report.status])
    for each in report.findings:
        say(console, f"  {each.severity} {each} [{each.rule}]")
        if each.snippet:
            say(console, f"    {each.snippet}", "dim")
        if each.remedy:
            say(console, f"    {each.remedy}")
    for waived in report.accepted:
        say(console, f"  waived {waived} [{waived.rule}]", "dim")
