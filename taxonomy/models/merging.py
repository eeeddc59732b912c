"""Two branches of the tree become one."""

from typing import TYPE_CHECKING, Any, cast

from django.db import models, transaction
from django.db.models.functions import Now

from taxonomy.exceptions import (
    CategoryBusy,
    InvalidMerge,
    PathTaken,
    TaxonomyError,
    UnknownCategory,
)
from taxonomy.models.address import Address
from taxonomy.models.paths import within

if TYPE_CHECKING:
    from taxonomy.models.category import Category

ATTEMPTS = 5


class ChangedMeanwhile(TaxonomyError):
    """Something came or moved before it could be locked."""


class Mergeable(models.Model):
    """What a category does to become a part of another."""

    class Meta:
        abstract = True

    def merge_into(self, target: "Category") -> None:
        """Give all that is in it and below it to the target, and go.

        A category below it whose name the target has below it, too, is merged with
        that one. All its paths resolve to the target then. Raises InvalidMerge,
        PathTaken, UnknownCategory, or CategoryBusy; then nothing has changed.
        """
        for _ in range(ATTEMPTS):
            try:
                with transaction.atomic():
                    self._merge(target)
                return target.refresh_from_db()
            except ChangedMeanwhile:
                continue
        raise CategoryBusy

    def _merge(self, target: "Category") -> None:
        """Skills are locked before categories, as by whoever places a skill."""
        rows: Any = type(self)._default_manager
        paths = self._paths(target)
        skills = self._skills_in(paths[self.pk])
        keys = set(alone(skills).values_list("pk", flat=True))
        wanted = within(paths[self.pk]) | within(paths[target.pk])
        held = {
            each.path: each
            for each in rows.select_for_update().filter(wanted).order_by("pk")
        }
        # Who came meanwhile is only looked for: to wait for it now could be for ever.
        came = skills.exclude(pk__in=keys).exists()
        if self._paths(target) != paths or came:
            raise ChangedMeanwhile
        source, into = held[paths[self.pk]], held[paths[target.pk]]
        if into.path == source.path or into.path.startswith(f"{source.path}/"):
            raise InvalidMerge(into="Name a category that is not in it.")
        source.dissolve_in(into, held)

    def _paths(self, target: "Category") -> dict[Any, str]:
        """By key, as they are now."""
        rows: Any = type(self)._default_manager
        paths = dict(rows.filter(pk__in=(self.pk, target.pk)).values_list("pk", "path"))
        for each in (self, target):
            if each.pk not in paths:
                raise UnknownCategory(path=f"{each} was deleted meanwhile.")
        return paths

    def _skills_in(self, path: str) -> Any:
        skills: Any = self._meta.get_field("skills").related_model
        return skills.objects.filter(within(path, "category__path"))

    def dissolve_in(self, target: "Category", held: "dict[str, Category]") -> None:
        """`held`: by path, all categories in this one and in the target, locked."""
        source = cast("Category", self)
        source.skills.update(category=target, updated_at=Now())
        for child in source.children.order_by("path"):
            path = f"{target.path}/{child.path.rpartition('/')[2]}"
            twin = held.get(path)
            if twin == source:
                raise PathTaken(path=f"{child} would take the place of {source}.")
            if twin:
                child.dissolve_in(twin, held)
            else:
                child.put_at(path, target)
        Address.objects.filter(category=source).update(category=target, current=False)
        source.delete()


def alone(skills: Any) -> Any:
    """Locked in one order, so that two merges that cross wait for each other once."""
    return skills.select_for_update(of=("self",), no_key=True).order_by("pk")
