"""The tree of categories. The slash path of a category is its identity."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, models, transaction
from django.db.models import Case, Exists, Max, OuterRef, Q, Value, When
from django.db.models.functions import Concat, Length, Now, Substr

from cachelayer import InvalidatingQuerySet
from taxonomy.exceptions import (
    CategoryBusy,
    CategoryInUse,
    InvalidMerge,
    InvalidPath,
    PathTaken,
    TaxonomyError,
    UnknownCategory,
)
from taxonomy.models.address import (
    CATEGORY_PATH,
    MAX_PATH_CHARS,
    Address,
    FormerPath,
    chunks,
    parent_of,
    under,
    within,
)

if TYPE_CHECKING:
    from taxonomy.management.commands.seed_taxonomy import Branch

ATTEMPTS = 5
"""A merge is tried this often while others keep changing the two branches."""

RESERVED_ROOTS = frozenset({"xml", "user"})
"""No root can have these names: the API has routes /taxonomy/xml and so on."""
RESERVED_WORD = "merge"
"""No category below a root can have this name: the API has a route of this name."""
UNCATEGORIZED = "uncategorized"


class ChangedMeanwhile(TaxonomyError):
    """A skill or category came or moved before it could be locked."""


class CategoryQuerySet(InvalidatingQuerySet):
    def under(self, path: str) -> "CategoryQuerySet":
        """All categories below the path, without that of the path itself."""
        return self.filter(under(path))

    def within(self, path: str) -> "CategoryQuerySet":
        """The category of the path and all categories below it."""
        return self.filter(within(path))

    def resolve(self, path: str) -> "Category":
        """The category that has, or had, this path. Raises DoesNotExist."""
        if not CATEGORY_PATH.fullmatch(path) or len(path) > MAX_PATH_CHARS:
            raise Category.DoesNotExist(path)
        return self.get(addresses__kind=Address.Kind.CATEGORY, addresses__path=path)

    def parent_for(self, path: str) -> "Category | None":
        """The parent of a category with this path; None for a root.

        The path may name the parent by a former path. Raises UnknownCategory.
        """
        parent_path = parent_of(path)
        try:
            return self.resolve(parent_path) if parent_path else None
        except Category.DoesNotExist:
            raise missing_parent(parent_path) from None

    def move_paths(self, source: str, target: str) -> None:
        """Replace the prefix `source` of these paths with `target`."""
        longest = self.aggregate(longest=Max(Length("path")))["longest"] or 0
        if longest - len(source) + len(target) > MAX_PATH_CHARS:
            raise InvalidPath(
                path=f"A path in it would have more than {MAX_PATH_CHARS} characters."
            )
        self.update(path=Concat(Value(target), Substr("path", len(source) + 1)))


class CategoryManager(models.Manager.from_queryset(CategoryQuerySet)):  # type: ignore[misc]
    def named(self, path: str, field: str = "category") -> "Category":
        """As `resolve`, for a path from input. Raises UnknownCategory for the field."""
        try:
            return self.resolve(path)
        except Category.DoesNotExist:
            raise UnknownCategory(
                **{field: f"There is no category {path!r}; GET /taxonomy lists them."}
            ) from None

    def lock(self, category: "Category", *others: int) -> None:
        """Lock the category, and others by key, against deletion.

        They are locked in the order of their keys, so that two transactions cannot
        deadlock. Raises UnknownCategory if the category was deleted meanwhile.
        """
        rows = self.select_for_update(no_key=True).filter(pk__in={category.pk, *others})
        if category not in list(rows.order_by("pk")):
            raise UnknownCategory(category=f"{category.path!r} was deleted meanwhile.")

    def create_at(
        self, path: str, *, name: str = "", description: str = "", position: int = 0
    ) -> "Category":
        """A new category. Its parent must exist, and may be named by a former path."""
        check_path(path)
        with transaction.atomic():
            # Locked, so that nobody moves or deletes the parent meanwhile.
            parent = self.select_for_update(of=("self",)).parent_for(path)
            category = Category(
                path=path_in(parent, path),
                parent=parent,
                name=name or title_of(path),
                description=description,
                position=position,
            )
            with raising_path_taken(category.path):
                category.save()
                Address.objects.claim_paths(category.path)
        return category

    def create_tree(self, tree: "dict[str, Branch]") -> "list[Category]":
        """Create the missing categories of a tree, level by level.

        Existing categories are not changed, even if they were moved or edited.
        """
        created: list[Category] = []
        level: list[tuple[Category | None, dict[str, Branch]]] = [(None, tree)]
        with transaction.atomic():
            existing = Address.objects.categories_by_path()
            while level:
                categories = [
                    (existing.get(child.path, child), branch.get("below", {}))
                    for parent, branches in level
                    for child, branch in unsaved_children(parent, branches)
                ]
                missing = [category for category, _ in categories if not category.pk]
                self.bulk_create(missing)
                Address.objects.register({each.path: each.pk for each in missing})
                created += missing
                level = list(categories)
        return created

    def fallback(self) -> "Category":
        """The category for skills that name none."""
        try:
            return self.resolve(UNCATEGORIZED)
        except Category.DoesNotExist:
            return self.create_at(UNCATEGORIZED)

    def lock_branch(
        self, category: "Category", parent: "Category | None"
    ) -> "dict[int, Category]":
        """Lock the category, all categories below it, and `parent`; the rows by key.

        They are locked in the order of their keys, so that two moves in opposite
        directions cannot deadlock.
        """
        path = self.filter(pk=category.pk).values_list("path", flat=True).first()
        branch = Q(pk=category.pk) | under(path or category.path)
        if parent:
            branch |= Q(pk=parent.pk)
        locked = self.select_for_update().filter(branch).order_by("pk")
        return {each.pk: each for each in locked}


class Category(models.Model):
    """A node of the taxonomy. Its former paths still resolve to it."""

    path = models.CharField(max_length=MAX_PATH_CHARS, unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=1024, blank=True)
    position = models.PositiveIntegerField(default=0)

    objects = CategoryManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name_plural = "categories"
        ordering = ("path",)

    def __str__(self) -> str:
        return self.path

    @property
    def aliases(self) -> list[str]:
        """The former paths that resolve to the category, sorted."""
        former = self.addresses.filter(current=False)
        return sorted(former.values_list("path", flat=True))

    def revise(self, *, path: str | None = None, **fields: object) -> None:
        """Move the category and set its other fields, in one transaction."""
        with transaction.atomic():
            if path is None:
                Category.objects.lock(self)
            else:
                self.move(path)
            for field, value in fields.items():
                setattr(self, field, value)
            if fields:
                self.save(update_fields=list(fields))

    def move(self, path: str) -> None:
        """Move the category and all below it. The former paths still resolve.

        Raises PathTaken, InvalidPath, or UnknownCategory if the parent is missing.
        """
        check_path(path)
        with transaction.atomic():
            new_parent = Category.objects.parent_for(path)
            locked = Category.objects.lock_branch(self, new_parent)
            now = locked.get(self.pk)
            if now is None:
                raise UnknownCategory(path=f"{self.path!r} was deleted meanwhile.")
            parent = locked.get(new_parent.pk) if new_parent else None
            if new_parent and parent is None:
                raise missing_parent(new_parent.path)
            path = path_in(parent, path)
            if path.startswith(f"{now.path}/"):
                raise InvalidPath(path="A category cannot be moved below itself.")
            if path != now.path:
                now._move_rows(path, parent)
            self.refresh_from_db()

    def _move_rows(self, path: str, parent: "Category | None") -> None:
        """Write the locked rows of a move."""
        with raising_path_taken(path):
            Category.objects.within(self.path).move_paths(self.path, path)
            Category.objects.filter(pk=self.pk).update(parent=parent)
            Address.objects.claim_paths(path)

    def remove(self) -> None:
        """Delete the category. Raises CategoryInUse unless it is empty."""
        try:
            with transaction.atomic():
                # Lock the row before its addresses, in the order of a move.
                Category.objects.select_for_update().filter(pk=self.pk).first()
                self.delete()
        except IntegrityError:  # it is not empty, or no longer empty
            raise CategoryInUse from None

    def merge_into(self, target: "Category") -> None:
        """Move all skills and categories below this one to the target; delete this one.

        If the target has a category with the same path below it, the two are merged.
        Former paths resolve to where the categories are afterwards. Raises
        InvalidMerge, PathTaken, UnknownCategory or CategoryBusy; then nothing changes.
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
        """One attempt. Raises ChangedMeanwhile if the branches changed before the lock.

        Skills are locked before categories, in the order of `Skill.move_to`.
        """
        paths = self._current_paths(target)
        skills = self._skills_within(paths[self.pk])
        keys = set(locked_in_order(skills).values_list("pk", flat=True))
        branches = within(paths[self.pk]) | within(paths[target.pk])
        rows = Category.objects.select_for_update().filter(branches).order_by("pk")
        locked = {each.path: each for each in rows}
        # Skills that were added since are not locked: that could deadlock. Try again.
        added = set(skills.values_list("pk", flat=True)) - keys
        if self._current_paths(target) != paths or added:
            raise ChangedMeanwhile
        source, into = locked[paths[self.pk]], locked[paths[target.pk]]
        if into.path == source.path or into.path.startswith(f"{source.path}/"):
            raise InvalidMerge(into="Name a category that is not in it.")
        require_free_path(source.path, into.path, locked)
        source._merge_rows(into, locked)

    def _current_paths(self, target: "Category") -> dict[int, str]:
        """The paths of both by key, as they are now. Raises UnknownCategory."""
        rows = Category.objects.filter(pk__in=(self.pk, target.pk))
        paths = dict(rows.values_list("pk", "path"))
        for each in (self, target):
            if each.pk not in paths:
                raise UnknownCategory(path=f"{each} was deleted meanwhile.")
        return paths

    def _skills_within(self, path: str) -> Any:
        skills: Any = self._meta.get_field("skills").related_model
        return skills.objects.filter(within(path, "category__path"))

    def _merge_rows(self, target: "Category", locked: "Mapping[str, Category]") -> None:
        """Write the merge. `locked` has both branches, by path.

        The number of statements does not grow with the branches, except that keys are
        written in chunks. Categories without a counterpart below the target move
        there; those that are left have one, and are deleted.
        """
        counterparts = counterparts_in(self.path, target.path, locked)
        remaining = Category.objects.within(self.path)
        in_remaining = within(self.path, "category__path")
        path_in_target = Concat(
            Value(target.path), Substr(OuterRef("path"), len(self.path) + 1)
        )
        alone = remaining.exclude(Exists(Category.objects.filter(path=path_in_target)))
        alone.move_paths(self.path, target.path)
        children = Category.objects.filter(within(self.path, "parent__path"))
        children = children.exclude(pk__in=remaining.values("pk"))
        repoint(children, "parent", counterparts)
        Address.objects.claim_paths(target.path)
        skills = self._skills_within(self.path)
        repoint(skills, "category", counterparts, updated_at=Now())
        FormerPath.objects.repoint(in_remaining, counterparts)
        addresses = Address.objects.filter(in_remaining)
        repoint(addresses, "category", counterparts, current=False)
        # Nothing refers to them any more, and a signal for each would cost a query.
        remaining._raw_delete(remaining.db)


def counterparts_in(
    source: str, target: str, locked: "Mapping[str, Category]"
) -> "dict[int, Category]":
    """The counterpart, with the same path below the target, by key of each category."""
    paths = {
        path: target + path.removeprefix(source)
        for path in locked
        if f"{path}/".startswith(f"{source}/")
    }
    return {
        locked[path].pk: locked[other]
        for path, other in paths.items()
        if other in locked
    }


def repoint(
    rows: Any, field: str, counterparts: "Mapping[int, Category]", **updates: Any
) -> None:
    """Let `field` of each row refer to the counterpart of its category.

    Keys are written out: without statistics, a look-up by path within the statement
    would scan the table once for each row.
    """
    category_by_key = dict(rows.order_by().values_list("pk", field))
    for chunk in chunks(list(category_by_key), parameters=3):
        cases = [
            When(**{field: key}, then=Value(counterparts[key].pk))
            for key in sorted({category_by_key[each] for each in chunk})
        ]
        chunk_rows = rows.model._default_manager.filter(pk__in=chunk)
        chunk_rows.update(**{field: Case(*cases)}, **updates)


def require_free_path(
    source: str, target: str, locked: "Mapping[str, Category]"
) -> None:
    """Raise PathTaken if a category would get the path of the merged one.

    That happens only when the target is above the source: merging a/b/c into a would
    move a/b/c/b/c to a/b/c.
    """
    if not source.startswith(f"{target}/"):
        return
    raised = source + source.removeprefix(target)
    if raised in locked:
        raise PathTaken(
            path=f"{raised} would get the path {source}, which must lead to {target}."
            f" Move {raised} elsewhere first."
        )


def locked_in_order(skills: Any) -> Any:
    """Lock in the order of the keys, so that opposite merges cannot deadlock."""
    return skills.select_for_update(of=("self",), no_key=True).order_by("pk")


def missing_parent(path: str) -> UnknownCategory:
    return UnknownCategory(path=f"Create the category {path!r} first.")


def path_in(parent: Category | None, path: str) -> str:
    """The path below the parent's current path, which `path` may give as a former one.

    Raises InvalidPath.
    """
    if parent is None:
        return path
    current = f"{parent.path}/{path.rpartition('/')[2]}"
    check_path(current)
    return current


def check_path(path: str) -> None:
    """Raises InvalidPath unless a category may have this path."""
    if len(path) > MAX_PATH_CHARS or not CATEGORY_PATH.fullmatch(path):
        raise InvalidPath(
            path="Write lower-case words with single hyphens, joined by slashes, "
            f"at most {MAX_PATH_CHARS} characters: development/python."
        )
    root, _, below = path.partition("/")
    if RESERVED_WORD in below.split("/"):
        raise InvalidPath(path=f"Below a root the word {RESERVED_WORD!r} is reserved.")
    if root in RESERVED_ROOTS:
        raise InvalidPath(path=f"The root {root!r} is reserved.")


def unsaved_children(
    parent: Category | None, branches: "dict[str, Branch]"
) -> "Iterator[tuple[Category, Branch]]":
    """New categories below the parent, in the order of the tree."""
    for position, (segment, branch) in enumerate(branches.items()):
        path = f"{parent.path}/{segment}" if parent else segment
        description = branch.get("description", "")
        yield (
            Category(
                path=path,
                parent=parent,
                name=title_of(path),
                description=description,
                position=position,
            ),
            branch,
        )


def title_of(path: str) -> str:
    """The default name: development/code-review → Code review."""
    return path.rpartition("/")[2].replace("-", " ").capitalize()[:100]


@contextmanager
def raising_path_taken(path: str) -> Iterator[None]:
    """Raise PathTaken instead of the IntegrityError of the unique constraint."""
    try:
        yield
    except IntegrityError:
        raise PathTaken(path=f"There is a category {path!r} already.") from None
