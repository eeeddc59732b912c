"""The tree of categories. A slash path is the identity of each."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import IntegrityError, models, transaction
from django.db.models import Q, Value
from django.db.models.functions import Concat, Substr

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


class CategoryManager(models.Manager.from_queryset(CategoryQuerySet)):  # type: ignore[misc]
    def named(self, path: str, field: str = "category") -> "Category":
        """As `resolve`, for a path that someone wrote into that field."""
        try:
            return self.resolve(path)
        except Category.DoesNotExist:
            raise UnknownCategory(
                **{field: f"There is no category {path!r}; GET /taxonomy lists them."}
            ) from None

    def hold(self, category: "Category") -> None:
        """Keep it from being deleted until the transaction ends.

        Raises UnknownCategory when it was deleted meanwhile.
        """
        if not self.select_for_update(no_key=True).filter(pk=category.pk).first():
            raise UnknownCategory(category=f"{category.path!r} was deleted meanwhile.")

    def create_at(
        self, path: str, *, name: str = "", description: str = "", position: int = 0
    ) -> "Category":
        """A new category; the one above it must exist."""
        check_path(path)
        category = Category(
            path=path,
            name=name or title_of(path),
            description=description,
            position=position,
        )
        with taken_means_conflict(path), transaction.atomic():
            category.parent = self.parent_at(path)
            category.save()
            Address.objects.claim_path(category)
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
                Address.objects.register(missing)
                made += missing
                level = list(found)
        return made

    def fallback(self) -> "Category":
        """Where a skill goes that names no category."""
        try:
            return self.resolve(UNCATEGORIZED)
        except Category.DoesNotExist:
            return self.create_at(UNCATEGORIZED)

    def hold_with(self, category: "Category", above: str) -> "dict[str, Category]":
        """By path, as they are now: the category, all below it, and the one `above`.

        They are locked in one order, so that two moves that cross do not wait for
        each other.
        """
        known = self.filter(pk=category.pk).values_list("path", flat=True).first()
        wanted = Q(pk=category.pk) | Q(path=above) | under(known or category.path)
        held = self.select_for_update().filter(wanted).order_by("pk")
        return {each.path: each for each in held}

    def parent_at(self, path: str) -> "Category | None":
        """The category above the path, locked, so that it stays; None for a root."""
        above = parent_of(path)
        if not above:
            return None
        parent = self.select_for_update().filter(path=above).first()
        if parent is None:
            raise nothing_at(above)
        return parent


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
            if path is not None:
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
        above = parent_of(path)
        with taken_means_conflict(path), transaction.atomic():
            held = Category.objects.hold_with(self, above)
            now = next((each for each in held.values() if each == self), None)
            if now is None:
                raise UnknownCategory(path=f"{self.path!r} was deleted meanwhile.")
            if path.startswith(f"{now.path}/"):
                raise InvalidPath(path="A category cannot move below itself.")
            if above and above not in held:
                raise nothing_at(above)
            if path != now.path:
                now.put_at(path, held.get(above))
            self.refresh_from_db()

    def put_at(self, path: str, parent: "Category | None") -> None:
        """The rows of a move, which are locked."""
        carry_along(self.path, path)
        Category(pk=self.pk, path=path, parent=parent).save(
            update_fields=["path", "parent"]
        )
        for category in Category.objects.within(path):
            Address.objects.claim_path(category)

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


def carry_along(former: str, path: str) -> None:
    """Give everything below the former path its new one, in one statement."""
    below = Category.objects.under(former)
    longest = max((len(each.path) for each in below), default=0)
    if longest - len(former) + len(path) > MAX_PATH_CHARS:
        raise InvalidPath(path=f"A path below it would pass {MAX_PATH_CHARS}.")
    below.update(path=Concat(Value(path), Substr("path", len(former) + 1)))


@contextmanager
def taken_means_conflict(path: str) -> Iterator[None]:
    """The unique path is the guard; who comes second learns it here."""
    try:
        yield
    except IntegrityError:
        raise PathTaken(path=f"There is a category {path!r} already.") from None
