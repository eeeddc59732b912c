"""Another process that edits skills: `python -m tests.taxonomy.editor`.

It reads one action a line, does it on the database in DATABASE_URL and prints "done".
"""

import sys
from collections.abc import Callable

import django

if __name__ == "__main__":
    django.setup()

from django.db import connection

from taxonomy.models import Category, Label, Skill
from tests.taxonomy.skills import skill_files


def save() -> None:
    skill = Skill.objects.get(name="pdf-tools")
    skill.description = "Changed by another process."
    skill.save()


def publish() -> None:
    Skill.objects.publish(skill_files(description="Published by another process."))


def bulk_update() -> None:
    Skill.objects.filter(name="pdf-tools").update(
        description="Changed in bulk by another process."
    )


def delete() -> None:
    Label.objects.filter(skill__name="pdf-tools").delete()
    Skill.objects.get(name="pdf-tools").archive()


def move_category() -> None:
    Category.objects.resolve("development/practices").move("research/practices")


ACTIONS: dict[str, Callable[[], None]] = {
    action.__name__: action
    for action in (save, publish, bulk_update, delete, move_category)
}

if __name__ == "__main__":
    for line in sys.stdin:
        ACTIONS[line.strip()]()
        connection.close()
        print("done", flush=True)
