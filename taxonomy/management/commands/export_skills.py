"""`manage.py export_skills [NAME…] --to DIR`: skills as folders."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from taxonomy.admission import configured_limits
from taxonomy.exceptions import UnknownCategory
from taxonomy.models import Category, Skill
from taxonomy.models.skill import SkillQuerySet
from taxonomy.packaging.errors import PackagingError
from taxonomy.packaging.folder import write_folder


class Command(BaseCommand):
    help = "Write the current version of skills to DIR/<name>; prints each path."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "names", nargs="*", metavar="NAME", help="all active ones unless named"
        )
        parser.add_argument("--to", required=True, type=Path, metavar="DIR")
        parser.add_argument("--category", help="a path; those below it are included")
        parser.add_argument(
            "--replace", action="store_true", help="replace folders that differ"
        )

    def handle(self, *, names: list[str], to: Path, **options: Any) -> None:
        skills = self.chosen(names, options["category"])
        for skill in skills:
            files = skill.current.bundle.files()
            try:
                folder = write_folder(
                    files,
                    to / skill.name,
                    replace=options["replace"],
                    limits=configured_limits(),
                )
            except (PackagingError, OSError) as error:
                raise CommandError(str(error)) from error
            self.stdout.write(str(folder))

    def chosen(self, names: list[str], category: str | None) -> list[Skill]:
        """The named skills, whatever their status, or all active ones."""
        skills: SkillQuerySet = Skill.objects.for_reading()
        if category:
            try:
                skills = skills.within(Category.objects.named(category).path)
            except UnknownCategory as error:
                raise CommandError(f"There is no category {category!r}.") from error
        if not names:
            return list(skills.active().order_by("name"))
        return [self.named(skills, name) for name in names]

    def named(self, skills: SkillQuerySet, name: str) -> Skill:
        try:
            return skills.resolve(name)
        except Skill.DoesNotExist:
            raise CommandError(f"There is no skill {name!r}.") from None
