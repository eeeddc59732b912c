"""Every name and path that resolves: today's, and the former ones."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

from cachelayer import RetiringManager
from taxonomy.exceptions import NameTaken, PathTaken
from taxonomy.models.relation import Relation

if TYPE_CHECKING:
    from taxonomy.models.category import Category
    from taxonomy.models.skill import Skill


class AddressManager(RetiringManager):
    def claim_name(self, skill: "Skill") -> None:
        """Make the skill's name its address. Its former names go on resolving."""
        address, new = self.get_or_create(
            kind=Address.Kind.SKILL, path=skill.name, defaults={"skill": skill}
        )
        if address.skill_id != skill.pk:
            raise NameTaken(name=f"{skill.name!r} is or was another skill's name.")
        if new:
            Relation.objects.link(skill, skill.name)
        address.make_current(skill.addresses.all())

    def claim_path(self, category: "Category") -> None:
        """Make the category's path its address. Its former ones go on resolving."""
        address: Address = self.get_or_create(
            kind=Address.Kind.CATEGORY,
            path=category.path,
            defaults={"category": category},
        )[0]
        if address.category_id != category.pk:
            raise PathTaken(
                path=f"{category.path!r} is or was another category's path."
            )
        address.make_current(category.addresses.all())

    def register(self, categories: "list[Category]") -> None:
        """The addresses of new categories, whose paths are known to be free."""
        self.bulk_create(
            [
                Address(
                    kind=Address.Kind.CATEGORY, path=category.path, category=category
                )
                for category in categories
            ]
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
