"""The tree of categories. The slash path of a category is its identity."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

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
    FormerPlace,
    chunks,
    parent_of,
    under,
    within,
)

if TYPE_CHECKING:
    from taxonomy.management.commands.seed_taxonomy import Branch

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


RESERVED_ROOTS = frozenset({"xml", "user"})
"""They are addresses of the API below /taxonomy."""
RESERVED_WORD = "merge"
"""The address of a verb below every category."""
UNCATEGORIZED = "uncategorized"


class CategoryQuerySet(InvalidatingQuerySet):
    def under(self, path: str) -> "CategoryQuerySet":
        """Every category below the path, itself not included."""
        return self.filter(under(path))

    def within(self, path: str) -> "CategoryQuerySet":
        """The category of the path and every one below it."""
        return self.filter(within(path))

    def resolve(self, path: str) -> "Category":
        """The category that has this path, or had it. Raises DoesNotExist."""
        if not CATEGORY_PATH.fullmatch(path) or len(path) > MAX_PATH_CHARS:
            raise Category.DoesNotExist(path)
        return self.get(addresses__kind=Address.Kind.CATEGORY, addresses__path=path)

    def above(self, path: str) -> "Category | None":
        """The category that a path lies in, by its path or a former one.

        None for a root. Raises UnknownCategory.
        """
        above = parent_of(path)
        try:
            return self.resolve(above) if above else None
        except Category.DoesNotExist:
            raise nothing_at(above) from None

    def carry(self, former: str, path: str) -> None:
        """Give these, which lie in `former`, the same place in `path`."""
        longest = self.aggregate(longest=Max(Length("path")))["longest"] or 0
        if longest - len(former) + len(path) > MAX_PATH_CHARS:
            raise InvalidPath(path=f"A path below it would pass {MAX_PATH_CHARS}.")
        self.update(path=Concat(Value(path), Substr("path", len(former) + 1)))


class CategoryManager(models.Manager.from_queryset(CategoryQuerySet)):  # type: ignore[misc]
    def named(self, path: str, field: str = "category") -> "Category":
        """As `resolve`, for a path that someone wrote into that field."""
        try:
            return self.resolve(path)
        except Category.DoesNotExist:
            raise UnknownCategory(
                **{field: f"There is no category {path!r}; GET /taxonomy lists them."}
            ) from None

    def hold(self, category: "Category", *others: int) -> None:
        """Keep it, and others by key, from being deleted until the transaction ends.

        They are locked in one order. Raises UnknownCategory when it was deleted
        meanwhile.
        """
        rows = self.select_for_update(no_key=True).filter(pk__in={category.pk, *others})
        if category not in list(rows.order_by("pk")):
            raise UnknownCategory(category=f"{category.path!r} was deleted meanwhile.")

    def create_at(
        self, path: str, *, name: str = "", description: str = "", position: int = 0
    ) -> "Category":
        """A new category. The one above it must exist; a former path leads to it."""
        check_path(path)
        with transaction.atomic():
            # Locked, so that it stays.
            parent = self.select_for_update(of=("self",)).above(path)
            category = Category(
                path=path_in(parent, path),
                parent=parent,
                name=name or title_of(path),
                description=description,
                position=position,
            )
            with taken_means_conflict(category.path):
                category.save()
                Address.objects.claim_paths(category.path)
        return category

    def plant(self, tree: "dict[str, Branch]") -> "list[Category]":
        """Create what is missing of the tree; moved or edited categories stay."""
        made: list[Category] = []
        level: list[tuple[Category | None, dict[str, Branch]]] = [(None, tree)]
        with transaction.atomic():
            known = Address.objects.categories_by_path()
            while level:
                found = [
                    (known.get(seedling.path, seedling), branch.get("below", {}))
                    for above, branches in level
                    for seedling, branch in seedlings(above, branches)
                ]
                missing = [category for category, _ in found if not category.pk]
                self.bulk_create(missing)
                Address.objects.register({each.path: each.pk for each in missing})
                made += missing
                level = list(found)
        return made

    def fallback(self) -> "Category":
        """Where a skill goes that names no category."""
        try:
            return self.resolve(UNCATEGORIZED)
        except Category.DoesNotExist:
            return self.create_at(UNCATEGORIZED)

    def hold_with(
        self, category: "Category", above: "Category | None"
    ) -> "dict[int, Category]":
        """By key, as they are now: the category, all below it, and the one `above`.

        They are locked in one order, so that two moves that cross do not wait for
        each other.
        """
        known = self.filter(pk=category.pk).values_list("path", flat=True).first()
        wanted = Q(pk=category.pk) | under(known or category.path)
        if above:
            wanted |= Q(pk=above.pk)
        held = self.select_for_update().filter(wanted).order_by("pk")
        return {each.pk: each for each in held}


class Category(Mergeable):
    """A place for skills. Its path changes only by `move`, which keeps the old one."""

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
        """Former paths that resolve to it, sorted."""
        former = self.addresses.filter(current=False)
        return sorted(former.values_list("path", flat=True))

    def revise(self, *, path: str | None = None, **fields: object) -> None:
        """Set name, description or position, and move it to `path`, or neither."""
        with transaction.atomic():
            if path is None:
                Category.objects.hold(self)
            else:
                self.move(path)
            for field, value in fields.items():
                setattr(self, field, value)
            if fields:
                self.save(update_fields=list(fields))

    def move(self, path: str) -> None:
        """Put it, with all below it, at another path; the former paths resolve on.

        Raises PathTaken, InvalidPath, or UnknownCategory (nothing above the path).
        """
        check_path(path)
        with transaction.atomic():
            above = Category.objects.above(path)
            held = Category.objects.hold_with(self, above)
            now = held.get(self.pk)
            if now is None:
                raise UnknownCategory(path=f"{self.path!r} was deleted meanwhile.")
            parent = held.get(above.pk) if above else None
            if above and parent is None:
                raise nothing_at(above.path)
            path = path_in(parent, path)
            if path.startswith(f"{now.path}/"):
                raise InvalidPath(path="A category cannot move below itself.")
            if path != now.path:
                now.put_at(path, parent)
            self.refresh_from_db()

    def put_at(self, path: str, parent: "Category | None") -> None:
        """The rows of a move, which are locked."""
        with taken_means_conflict(path):
            Category.objects.within(self.path).carry(self.path, path)
            Category.objects.filter(pk=self.pk).update(parent=parent)
            Address.objects.claim_paths(path)

    def remove(self) -> None:
        """Delete it. Raises CategoryInUse unless it is empty."""
        try:
            with transaction.atomic():
                # Its row before its addresses, as a move takes them.
                Category.objects.select_for_update().filter(pk=self.pk).first()
                self.delete()
        except IntegrityError:  # a skill or category came in between, or was there
            raise CategoryInUse from None


def nothing_at(path: str) -> UnknownCategory:
    return UnknownCategory(path=f"Create the category {path!r} first.")


def path_in(parent: Category | None, path: str) -> str:
    """The path as it is today, where it names what it lies in by a former one."""
    if parent is None:
        return path
    today = f"{parent.path}/{path.rpartition('/')[2]}"
    check_path(today)
    return today


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


def seedlings(
    above: Category | None, branches: "dict[str, Branch]"
) -> "Iterator[tuple[Category, Branch]]":
    """Unsaved categories below `above`, in the order of the tree."""
    for position, (segment, branch) in enumerate(branches.items()):
        path = f"{above.path}/{segment}" if above else segment
        description = branch.get("description", "")
        yield (
            Category(
                path=path,
                parent=above,
                name=title_of(path),
                description=description,
                position=position,
            ),
            branch,
        )


def title_of(path: str) -> str:
    """What people read: development/code-review → Code review."""
    return path.rpartition("/")[2].replace("-", " ").capitalize()[:100]


@contextmanager
def taken_means_conflict(path: str) -> Iterator[None]:
    """The unique path is the guard; who comes second learns it here."""
    try:
        yield
    except IntegrityError:
        raise PathTaken(path=f"There is a category {path!r} already.") from None
