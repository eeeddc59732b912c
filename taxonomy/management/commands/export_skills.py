"""`manage.py export_skills [NAME…] --to PATH`: skills as folders, or one archive."""

import dataclasses
import filecmp
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from taxonomy.files.archives import FORMS, Form
from taxonomy.files.gate import File, FolderOccupied, PackagingError
from taxonomy.files.write import write_folder
from taxonomy.limits import configured_limits
from taxonomy.management.command_line import category_named
from taxonomy.models import Skill
from taxonomy.models.skill import SkillQuerySet


def write_archive(
    skills: Iterable[Skill], target: Path, form: Form, *, replace: bool
) -> None:
    """Write the archive atomically, reading one skill at a time into memory.

    An existing target with other content raises FolderOccupied unless `replace`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        os.fchmod(descriptor, 0o644)
        with open(descriptor, "wb") as file:
            form.write(in_folders(skills), file)
        if target.exists() and filecmp.cmp(temporary, target, shallow=False):
            return
        if os.path.lexists(target) and not replace:
            raise FolderOccupied(target)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def in_folders(skills: Iterable[Skill]) -> Iterator[File]:
    for skill in skills:
        for file in skill.current.bundle.files():
            yield dataclasses.replace(file, path=f"{skill.name}/{file.path}")


class Command(BaseCommand):
    help = (
        "Write the current versions of skills, byte for byte, to PATH/<name> or to one"
        " archive, and print each path."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "names", nargs="*", metavar="NAME", help="(default: all active skills)"
        )
        parser.add_argument("--to", required=True, type=Path, metavar="PATH")
        parser.add_argument(
            "--category", help="only skills in it or in its subcategories"
        )
        parser.add_argument(
            "--archive",
            choices=sorted(FORMS),
            help="write PATH as an archive of this format",
        )
        parser.add_argument(
            "--replace", action="store_true", help="replace files that differ"
        )

    def handle(
        self, *, names: list[str], to: Path, archive: str | None, **options: Any
    ) -> None:
        skills = self.chosen(names, options["category"])
        try:
            if archive:
                form = FORMS[archive]
                write_archive(skills, to, form, replace=options["replace"])
                self.stdout.write(str(to))
            else:
                self.write_folders(skills, to, replace=options["replace"])
        except (PackagingError, OSError) as error:
            raise CommandError(str(error)) from error

    def write_folders(self, skills: list[Skill], to: Path, *, replace: bool) -> None:
        """Report each skill that cannot be written, and go on with the others."""
        failed = 0
        for skill in skills:
            try:
                folder = write_folder(
                    skill.current.bundle.files(),
                    to / skill.name,
                    replace=replace,
                    limits=configured_limits(),
                )
            except (PackagingError, OSError) as error:
                failed += 1
                self.stderr.write(f"{skill.name}: {error}")
            else:
                self.stdout.write(str(folder))
        if failed:
            raise CommandError(f"{failed} of {len(skills)} could not be written.")

    def chosen(self, names: list[str], category: str | None) -> list[Skill]:
        """The named skills, whatever their status, or all active ones."""
        skills: SkillQuerySet = Skill.objects.for_listing()
        if parent := category_named(category):
            skills = skills.within(parent.path)
        if not names:
            return list(skills.active().order_by("name"))
        return [self.named(skills, name) for name in names]

    def named(self, skills: SkillQuerySet, name: str) -> Skill:
        try:
            return skills.resolve(name)
        except Skill.DoesNotExist:
            raise CommandError(f"There is no skill {name!r}.") from None
