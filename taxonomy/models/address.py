"""Every name and path that resolves to a skill or a category, current and former."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import Q

from cachelayer import InvalidatingManager
from taxonomy.exceptions import NameTaken, PathTaken

if TYPE_CHECKING:
    from taxonomy.models.category import Category
    from taxonomy.models.skill import Skill


PARAMETERS = 900
"""Of one statement: SQLite takes 999, and some are other values."""

Key = TypeVar("Key")


def chunks(keys: Sequence[Key], parameters: int = 1) -> Iterator[Sequence[Key]]:
    """`parameters`: so many each key takes of a statement."""
    size = PARAMETERS // parameters
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


SEGMENT = r"[a-z0-9]+(?:-[a-z0-9]+)*"
CATEGORY_PATH = re.compile(rf"{SEGMENT}(?:/{SEGMENT})*")
SKILL_NAME = re.compile(SEGMENT)
MAX_PATH_CHARS = 255
MAX_NAME_CHARS = 64


def under(path: str, field: str = "path") -> Q:
    """Rows whose `field` lies below `path`, itself not included.

    SQLite uses its index for a range only; PostgreSQL, whose collation need not
    be by code point, for a prefix only.
    """
    if connections[DEFAULT_DB_ALIAS].vendor == "sqlite":
        after_slash = chr(ord("/") + 1)
        return Q(
            **{f"{field}__gte": f"{path}/", f"{field}__lt": f"{path}{after_slash}"}
        )
    return Q(**{f"{field}__startswith": f"{path}/"})


def within(path: str, field: str = "path") -> Q:
    """Rows whose `field` is `path` or lies below it."""
    return Q(**{field: path}) | under(path, field)


def parent_of(path: str) -> str:
    """The path one level up; empty for a root."""
    return path.rpartition("/")[0]


class FormerPlaceManager(InvalidatingManager):
    def keep(self, skill: "Skill") -> None:
        """It is about to leave the category in which it is."""
        self.get_or_create(skill=skill, category_id=skill.category_id)

    def follow(self, gone: Q, twins: "Mapping[int, Category]") -> None:
        """Who was in one of the categories that go was in its twin, by key."""
        left = self.filter(gone)
        pairs = left.values_list("skill_id", "category_id")
        self.bulk_create(
            [FormerPlace(skill_id=skill, category=twins[was]) for skill, was in pairs],
            ignore_conflicts=True,
        )
        # A signal for each would be a query for each.
        self.filter(pk__in=left.values("pk"))._raw_delete(self.db)


class FormerPlace(models.Model):
    """A category in which a skill was, so that its full paths of then resolve on.

    It may be there again today.
    """

    skill = models.ForeignKey(
        "taxonomy.Skill", models.CASCADE, related_name="former_places"
    )
    category = models.ForeignKey(
        "taxonomy.Category", models.CASCADE, related_name="former_places"
    )

    objects = FormerPlaceManager()

    class Meta:
        base_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(
                fields=["skill", "category"], name="former_place_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.category}/{self.skill}"


class AddressManager(InvalidatingManager):
    def claim_name(self, skill: "Skill") -> bool:
        """Make the skill's name its address. Its former names go on resolving.

        True: it did not have the name before. Raises NameTaken.
        """
        address, new = self.get_or_create(
            kind=Address.Kind.SKILL, path=skill.name, defaults={"skill": skill}
        )
        if address.skill_id != skill.pk:
            raise NameTaken(name=f"{skill.name!r} is or was another skill's name.")
        address.make_current(skill.addresses.all())
        return new

    def claim_paths(self, path: str) -> None:
        """Make the paths of the category at `path`, and of all below it, addresses.

        Their former ones go on resolving. Read whole and written by key, in chunks: a
        server that knows nothing of new rows yet would look through the table for each.
        Raises PathTaken.
        """
        owner: Any = self.model._meta.get_field("category").related_model
        owners = dict(owner.objects.within(path).values_list("path", "pk"))
        every = self.filter(kind=Address.Kind.CATEGORY).order_by()
        there = dict(every.filter(within(path)).values_list("path", "category"))
        for taken in sorted(there.keys() & owners.keys()):
            if there[taken] != owners[taken]:
                raise PathTaken(path=f"{taken!r} is or was another category's path.")
        told = every.filter(within(path, "category__path"))
        wrong: dict[bool, list[int]] = {True: [], False: []}
        for key, said, current, today in told.values_list(
            "pk", "path", "current", "category__path"
        ):
            if current != (said == today):
                wrong[said == today].append(key)
        for current, keys in wrong.items():
            for chunk in chunks(keys):
                self.filter(pk__in=chunk).update(current=current)
        self.register({at: key for at, key in owners.items() if at not in there})

    def register(self, owners: "Mapping[str, int]") -> None:
        """The addresses of new categories, whose paths are known to be free.

        `owners` are their keys by path.
        """
        self.bulk_create(
            Address(kind=Address.Kind.CATEGORY, path=path, category_id=key)
            for path, key in owners.items()
        )

    def categories_by_path(self) -> "dict[str, Category]":
        """Every path that resolves, today's and former ones, and what it leads to."""
        owner: Any = Address._meta.get_field("category").related_model
        categories = {each.pk: each for each in owner.objects.order_by()}
        found = self.filter(kind=Address.Kind.CATEGORY).order_by()
        return {
            path: categories[key]
            for path, key in found.values_list("path", "category")
            if key in categories
        }


class Address(models.Model):
    """A name of a skill or a path of a category, which no other may take."""

    class Kind(models.TextChoices):
        SKILL = "skill"
        """`path` is a skill's name."""
        CATEGORY = "category"
        """`path` is a category's slash path."""

    kind = models.CharField(max_length=8, choices=Kind)
    path = models.CharField(max_length=255)
    skill = models.ForeignKey(
        "taxonomy.Skill",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="addresses",
    )
    category = models.ForeignKey(
        "taxonomy.Category",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="addresses",
    )
    current = models.BooleanField(default=True)

    objects = AddressManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name_plural = "addresses"
        ordering = ("kind", "path")
        constraints = (
            models.UniqueConstraint(fields=["kind", "path"], name="address_once"),
            models.CheckConstraint(
                condition=Q(kind="skill", skill__isnull=False, category__isnull=True)
                | Q(kind="category", skill__isnull=True, category__isnull=False),
                name="address_of_its_kind",
            ),
        )

    def __str__(self) -> str:
        return self.path

    def make_current(self, siblings: models.QuerySet["Address"]) -> None:
        """Of all addresses of one owner this one is today's."""
        siblings.exclude(pk=self.pk).filter(current=True).update(current=False)
        if not self.current:
            self.current = True
            self.save(update_fields=["current"])
