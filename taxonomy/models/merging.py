"""Two branches of the tree become one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from django.db import models, transaction
from django.db.models import Case, Exists, OuterRef, Value, When
from django.db.models.functions import Concat, Now, Substr

from taxonomy.exceptions import (
    CategoryBusy,
    InvalidMerge,
    PathTaken,
    TaxonomyError,
    UnknownCategory,
)
from taxonomy.models.address import Address
from taxonomy.models.chunks import chunks
from taxonomy.models.paths import within
from taxonomy.models.place import FormerPlace

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
        came = set(skills.values_list("pk", flat=True)) - keys
        if self._paths(target) != paths or came:
            raise ChangedMeanwhile
        source, into = held[paths[self.pk]], held[paths[target.pk]]
        if into.path == source.path or into.path.startswith(f"{source.path}/"):
            raise InvalidMerge(into="Name a category that is not in it.")
        check_room(source.path, into.path, held)
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

    def dissolve_in(self, target: "Category", held: "Mapping[str, Category]") -> None:
        """`held`: by path, both and all in them, locked. There is room.

        In as many statements for a large branch as for a small one, but for chunks:
        what has no twin below the target goes there, and all that is left has one.
        """
        source = cast("Category", self)
        rows: Any = type(self)._default_manager
        twins = twins_in(source.path, target.path, held)
        left = rows.within(source.path)
        in_one_left = within(source.path, "category__path")
        there = Concat(
            Value(target.path), Substr(OuterRef("path"), len(source.path) + 1)
        )
        single = left.exclude(Exists(rows.filter(path=there)))
        single.carry(source.path, target.path)
        orphans = rows.filter(within(source.path, "parent__path"))
        lead(orphans.exclude(pk__in=left.values("pk")), "parent", twins)
        Address.objects.claim_paths(target.path)
        lead(self._skills_in(source.path), "category", twins, updated_at=Now())
        FormerPlace.objects.follow(in_one_left, twins)
        lead(Address.objects.filter(in_one_left), "category", twins, current=False)
        # Nothing hangs on them, and a signal for each would be a query for each.
        left._raw_delete(left.db)


def twins_in(
    source: str, target: str, held: "Mapping[str, Category]"
) -> "dict[int, Category]":
    """By key of those in the source: what has the same place in the target."""
    places = {
        path: target + path.removeprefix(source)
        for path in held
        if f"{path}/".startswith(f"{source}/")
    }
    return {held[path].pk: held[at] for path, at in places.items() if at in held}


def lead(rows: Any, field: str, twins: "Mapping[int, Category]", **more: Any) -> None:
    """Give each of the rows the twin of the category that is its `field`.

    By key: a twin that is looked up by its path in the same statement is looked for in
    the whole table, row by row, where a server knows no better.
    """
    found = dict(rows.order_by().values_list("pk", field))
    for chunk in chunks(list(found), parameters=3):
        cases = [
            When(**{field: key}, then=Value(twins[key].pk))
            for key in sorted({found[each] for each in chunk})
        ]
        there = rows.model._default_manager.filter(pk__in=chunk)
        there.update(**{field: Case(*cases)}, **more)


def check_room(source: str, target: str, held: "Mapping[str, Category]") -> None:
    """Raises PathTaken when a category would get the path of the one that goes.

    Only one below the target can go up that far: a/b/c/b/c, when a/b/c becomes a part
    of a, would be a/b/c.
    """
    if not source.startswith(f"{target}/"):
        return
    raised = source + source.removeprefix(target)
    if raised in held:
        raise PathTaken(
            path=f"{raised} would take the place of {source}, whose path is to lead to"
            f" {target}. Move {raised} elsewhere first."
        )


def alone(skills: Any) -> Any:
    """Locked in one order, so that two merges that cross wait for each other once."""
    return skills.select_for_update(of=("self",), no_key=True).order_by("pk")
