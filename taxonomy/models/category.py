"""The tree of categories. A slash path is the identity of each."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import IntegrityError, models, transaction
from django.db.models import Max, Q, Value
from django.db.models.functions import Concat, Length, Substr

from cachelayer import RetiringQuerySet
from taxonomy.exceptions import (
    CategoryInUse,
    InvalidPath,
    PathTaken,
    UnknownCategory,
)
from taxonomy.models.address import Address
from taxonomy.models.merging import Mergeable
from taxonomy.models.paths import (
    CATEGORY_PATH,
    MAX_PATH_CHARS,
    parent_of,
    under,
    within,
)

if TYPE_CHECKING:
    from taxonomy.seed import Branch

RESERVED_ROOTS = frozenset({"xml", "user"})
"""They are addresses of the API below /taxonomy."""
RESERVED_WORD = "merge"
"""The address of a verb below every category."""
UNCATEGORIZED = "uncategorized"


class CategoryQuerySet(RetiringQuerySet):
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
