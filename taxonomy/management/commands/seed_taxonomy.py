"""`manage.py seed_taxonomy`: the categories that a fleet begins with."""

from typing import Any

from django.core.management.base import BaseCommand

from taxonomy.models import Category
from taxonomy.seed import TREE


class Command(BaseCommand):
    help = "Create the categories that a fleet begins with; those there already stay."

    def handle(self, *, verbosity: int, **options: Any) -> None:
        made = Category.objects.plant(TREE)
        if verbosity:
            for category in made:
                self.stdout.write(f"created {category.path}")
            self.stdout.write(f"{len(made)} categories created")
