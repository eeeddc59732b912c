"""Generated skills with word frequencies as in a natural language."""

from collections.abc import Iterator
from itertools import accumulate, islice
from random import Random
from typing import NamedTuple

from django.db import connection, transaction

from taxonomy.files.gate import File, Files, as_files
from taxonomy.management.commands.seed_taxonomy import Branch
from taxonomy.models import (
    Address,
    Bundle,
    Category,
    Label,
    Skill,
    SkillVersion,
)

SYLLABLES = [
    a + b for a in "bcdfghjklmnprstvz" for b in ("a", "e", "i", "o", "ur", "en")
]
VOCABULARY = 20_000
TITLES = 3_000
"""The number of words that occur in names and keywords."""

BATCH = 500
BRANCHES = (10, 10, 10, 9)
"""Below each category of a level; 10 + 100 + 1,000 + 9,000 of them, less 110."""


class Made(NamedTuple):
    name: str
    description: str
    keywords: list[str]
    body: str


class Writer:
    """Writes the same skills for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        vocabulary = Random(1)
        words: dict[str, None] = {}
        while len(words) < VOCABULARY:
            count = vocabulary.choice((2, 2, 3, 3, 4))
            words["".join(vocabulary.choices(SYLLABLES, k=count))] = None
        self.words = list(words)
        # Zipf's law: the word of rank n is n times as rare as the first.
        self.weights = list(accumulate(1 / rank for rank in range(10, VOCABULARY + 10)))

    def some(self, count: int, of: int = VOCABULARY) -> list[str]:
        return self.random.choices(
            self.words[:of], cum_weights=self.weights[:of], k=count
        )

    def skill(self, number: int) -> Made:
        pick = self.random
        name = "-".join(dict.fromkeys(self.some(pick.choice((1, 2, 2, 3)), TITLES)))
        return Made(
            name=f"{name}-{number}",
            description=f"{' '.join(self.some(pick.randint(12, 30)))}.".capitalize(),
            keywords=sorted(set(self.some(pick.randint(0, 4), TITLES))),
            body=" ".join(self.some(pick.randint(80, 240))),
        )

    def files(self, number: int) -> Files:
        made = self.skill(number)
        keywords = f"metadata:\n  keywords: {' '.join(made.keywords)}\n"
        text = (
            f"---\nname: {made.name}\ndescription: {made.description}\n"
            f"{keywords if made.keywords else ''}---\n\n{made.body}\n"
        )
        return as_files([File("SKILL.md", text.encode())])


def tree(depth: int = 0) -> dict[str, Branch]:
    if depth == len(BRANCHES):
        return {}
    return {
        f"branch-{depth}-{number}": {"below": tree(depth + 1)}
        for number in range(BRANCHES[depth])
    }


def fill(skills: int) -> None:
    """Write the skills in bulk, without the importer, which is measured elsewhere."""
    Category.objects.create_tree(tree())
    categories = list(Category.objects.order_by("path"))
    bundle = Bundle.objects.store(Writer(2).files(0))
    writer = Writer(3)
    numbered = ((number, writer.skill(number)) for number in range(skills))
    for part in batches(numbered):
        rows = [
            (
                Skill(
                    name=made.name,
                    description=made.description,
                    category=categories[number % len(categories)],
                    type=Skill.Type.values[number % len(Skill.Type.values)],
                ),
                made,
            )
            for number, made in part
        ]
        with transaction.atomic():
            add(rows, bundle)


def add(rows: list[tuple[Skill, Made]], bundle: Bundle) -> None:
    versions = SkillVersion.objects.bulk_create(
        SkillVersion(skill=skill, number="1.0.0", bundle=bundle, body=made.body)
        for skill, made in rows
    )
    for (skill, _), version in zip(rows, versions, strict=True):
        skill.current = version
    # Labels come first, because each would have its skill indexed again.
    Label.objects.bulk_create(
        Label(skill=skill, kind=Label.Kind.KEYWORD, value=keyword)
        for skill, made in rows
        for keyword in made.keywords
    )
    Skill.objects.bulk_create(skill for skill, _ in rows)
    Address.objects.bulk_create(
        Address(kind=Address.Kind.SKILL, path=skill.name, skill=skill)
        for skill, _ in rows
    )


def batches(rows: Iterator[tuple[int, Made]]) -> Iterator[list[tuple[int, Made]]]:
    while part := list(islice(rows, BATCH)):
        yield part


def settle() -> None:
    """Run the maintenance that a server runs by itself after so many writes."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
        else:
            cursor.execute("ANALYZE")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
