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
"""The most keys in one statement: SQLite allows 999 parameters in all."""

Key = TypeVar("Key")


def chunks(keys: Sequence[Key], parameters: int = 1) -> Iterator[Sequence[Key]]:
    """Split the keys into parts for statements with so many parameters per key."""
    size = PARAMETERS // parameters
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


SEGMENT = r"[a-z0-9]+(?:-[a-z0-9]+)*"
CATEGORY_PATH = re.compile(rf"{SEGMENT}(?:/{SEGMENT})*")
SKILL_NAME = re.compile(SEGMENT)
MAX_PATH_CHARS = 255
MAX_NAME_CHARS = 64


def under(path: str, field: str = "path") -> Q:
    """Rows whose `field` is below `path`, without `path` itself.

    SQLite can use its index for a range only. PostgreSQL can use its index for a
    prefix only, because its collation may not order by code point.
    """
    if connections[DEFAULT_DB_ALIAS].vendor == "sqlite":
        after_slash = chr(ord("/") + 1)
        return Q(
            **{f"{field}__gte": f"{path}/", f"{field}__lt": f"{path}{after_slash}"}
        )
    return Q(**{f"{field}__startswith": f"{path}/"})


def within(path: str, field: str = "path") -> Q:
    """Rows whose `field` is `path` or below it."""
    return Q(**{field: path}) | under(path, field)


def parent_of(path: str) -> str:
    """The path one level up; empty for a root."""
    return path.rpartition("/")[0]


class FormerPathManager(InvalidatingManager):
    def record(self, skill: "Skill") -> None:
        """Record the current category of a skill that is about to move."""
        self.get_or_create(skill=skill, category_id=skill.category_id)

    def repoint(self, merged: Q, counterparts: "Mapping[int, Category]") -> None:
        """Replace merged categories by their counterparts, given by their keys."""
        stale = self.filter(merged)
        pairs = stale.values_list("skill_id", "category_id")
        self.bulk_create(
            [
                FormerPath(skill_id=skill, category=counterparts[category])
                for skill, category in pairs
            ],
            ignore_conflicts=True,
        )
        # A signal for each row would cost a query.
        self.filter(pk__in=stale.values("pk"))._raw_delete(self.db)


class FormerPath(models.Model):
    """A former category of a skill: the former full path still resolves.

    The skill may have returned to the category since.
    """

    skill = models.ForeignKey(
        "taxonomy.Skill", models.CASCADE, related_name="former_paths"
    )
    category = models.ForeignKey(
        "taxonomy.Category", models.CASCADE, related_name="former_paths"
    )

    objects = FormerPathManager()

    class Meta:
        base_manager_name = "objects"
        db_table = "taxonomy_formerplace"
        constraints = (
            models.UniqueConstraint(
                fields=["skill", "category"], name="former_place_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.category}/{self.skill}"


class AddressManager(InvalidatingManager):
    def claim_name(self, skill: "Skill") -> bool:
        """Make the skill's name its current address. Former names still resolve.

        True: the skill did not have the name before. Raises NameTaken.
        """
        address, is_new = self.get_or_create(
            kind=Address.Kind.SKILL, path=skill.name, defaults={"skill": skill}
        )
        if address.skill_id != skill.pk:
            raise NameTaken(name=f"{skill.name!r} is or was another skill's name.")
        address.make_current(skill.addresses.all())
        return is_new

    def claim_paths(self, path: str) -> None:
        """Make the paths of the category at `path`, and of all below it, addresses.

        Former paths still resolve. Rows are read first, and then written by key in
        chunks: in a table without statistics, a single statement would scan the whole
        table once for each row. Raises PathTaken.
        """
        category_model: Any = self.model._meta.get_field("category").related_model
        rows = category_model.objects.within(path)
        category_keys = dict(rows.values_list("path", "pk"))
        addresses = self.filter(kind=Address.Kind.CATEGORY).order_by()
        existing = dict(addresses.filter(within(path)).values_list("path", "category"))
        for taken in sorted(existing.keys() & category_keys.keys()):
            if existing[taken] != category_keys[taken]:
                raise PathTaken(path=f"{taken!r} is or was another category's path.")
        self._set_current(addresses.filter(within(path, "category__path")))
        self.register(
            {at: key for at, key in category_keys.items() if at not in existing}
        )

    def _set_current(self, addresses: models.QuerySet["Address"]) -> None:
        """Mark as current only the addresses that equal their category's path."""
        wrong: dict[bool, list[int]] = {True: [], False: []}
        for key, path, current, category_path in addresses.values_list(
            "pk", "path", "current", "category__path"
        ):
            if current != (path == category_path):
                wrong[path == category_path].append(key)
        for current, keys in wrong.items():
            for chunk in chunks(keys):
                self.filter(pk__in=chunk).update(current=current)

    def register(self, category_keys: "Mapping[str, int]") -> None:
        """Create the addresses of new categories, whose paths must be free."""
        self.bulk_create(
            Address(kind=Address.Kind.CATEGORY, path=path, category_id=key)
            for path, key in category_keys.items()
        )

    def categories_by_path(self) -> "dict[str, Category]":
        """The category for every path that resolves, current and former ones."""
        category_model: Any = Address._meta.get_field("category").related_model
        categories = {each.pk: each for each in category_model.objects.order_by()}
        addresses = self.filter(kind=Address.Kind.CATEGORY).order_by()
        return {
            path: categories[key]
            for path, key in addresses.values_list("path", "category")
            if key in categories
        }


class Address(models.Model):
    """A current or former name of a skill, or path of a category.

    It stays reserved for its owner.
    """

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
        """Make this the only current address among those of its owner."""
        siblings.exclude(pk=self.pk).filter(current=True).update(current=False)
        if not self.current:
            self.current = True
            self.save(update_fields=["current"])
