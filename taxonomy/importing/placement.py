"""Which category an imported skill goes to."""

from collections.abc import Mapping

from taxonomy.category_matcher import CategoryMatcher, CategoryWords
from taxonomy.importing.candidates import Candidate
from taxonomy.models import Address, Category
from taxonomy.models.category import UNCATEGORIZED

Placed = tuple[Category, str]
"""The category, and how it was found."""


class Placement:
    """The tree as it was when the import began, former paths with it."""

    def __init__(self) -> None:
        self.by_path: Mapping[str, Category] = Address.objects.categories_by_path()
        today = sorted({category.path: category for category in self.all}.items())
        self.places = CategoryMatcher(
            CategoryWords(path, category.description)
            for path, category in today
            if path != UNCATEGORIZED
        )

    @property
    def all(self) -> list[Category]:
        return list(self.by_path.values())

    def of(self, candidate: Candidate) -> Placed:
        """By its own word, by the folders above it, by its words, or nowhere yet."""
        return (
            self._named(candidate)
            or self._by_folders(candidate)
            or self._by_words(candidate)
            or (Category.objects.fallback(), "No category fits well.")
        )

    def _named(self, candidate: Candidate) -> Placed | None:
        metadata = candidate.admitted.frontmatter.get("metadata")
        named = metadata.get("category", "") if isinstance(metadata, dict) else ""
        category = self.by_path.get(named.strip("/"))
        return (category, "Placed by metadata.category.") if category else None

    def _by_folders(self, candidate: Candidate) -> Placed | None:
        """The longest path that ends above the skill's folder: in a checkout
        `skills/data/ml/tune-models` it is `data/ml`."""
        above = candidate.found.folder.split("/")[:-1]
        for start in range(len(above)):
            if category := self.by_path.get("/".join(above[start:])):
                return category, "Placed by its folder."
        return None

    def _by_words(self, candidate: Candidate) -> Placed | None:
        admitted = candidate.admitted
        keywords = admitted.labels.get("keyword", frozenset())
        texts = (admitted.description, *sorted(keywords))
        path = self.places.best(admitted.name, texts)
        return (self.by_path[path], "Placed by its words.") if path else None
