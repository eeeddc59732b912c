"""Skills discovered in a source, and the skills and categories here that they match."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from taxonomy.category_matcher import CategoryMatcher, CategoryWords
from taxonomy.exceptions import InvalidSkill
from taxonomy.files.file import Files, bundle_digest
from taxonomy.files.sources import SkillSource
from taxonomy.models import Address, Category, Origin, Published, Skill, SkillVersion
from taxonomy.models.address import MAX_NAME_CHARS, SKILL_NAME
from taxonomy.models.category import UNCATEGORIZED
from taxonomy.package import Admitted, admit, configured_limits, with_name
from taxonomy.skillmd.document import read_skill
from taxonomy.skillmd.specification import ALLOWED_FIELDS


@dataclass(frozen=True)
class DiscoveredSkill:
    """What lies in a folder, before anyone reads it."""

    folder: str
    files: Files
    digest: str


@dataclass(frozen=True)
class ValidSkill:
    """A skill that keeps the rules; `notes` say which it would have broken."""

    found: DiscoveredSkill
    admitted: Admitted
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.admitted.name


def discover(source: SkillSource, folder: str) -> DiscoveredSkill:
    """Raises FilesRefused or SourceRefused."""
    files = source.read(folder)
    return DiscoveredSkill(folder, files, bundle_digest(files))


def validated(
    found: DiscoveredSkill, folder_name: str | None, lenient: bool
) -> ValidSkill:
    """Raises InvalidSkill with every rule that is broken."""
    admitted = admit(found.files, lenient=lenient)
    notes = []
    if unknown := sorted(admitted.frontmatter.keys() - ALLOWED_FIELDS):
        notes.append(f"Unknown fields kept: {', '.join(unknown)}.")
    if folder_name not in (None, admitted.name):
        mismatch = f"The folder's name {folder_name!r} is not {admitted.name!r}."
        if not lenient:
            raise InvalidSkill(name=f"{mismatch} Rename one of them, or be lenient.")
        notes.append(mismatch)
    return ValidSkill(found, admitted, tuple(notes))


def declared_name(files: Files) -> str:
    """The name that SKILL.md gives, whatever else is wrong with it; or nothing."""
    said = read_skill(files, None, configured_limits()).frontmatter.get("name")
    if isinstance(said, str) and len(said) <= MAX_NAME_CHARS:
        return said if SKILL_NAME.fullmatch(said) else ""
    return ""


class ImportSource:
    """Read once, before anything is imported."""

    def __init__(self, source: str, folders: Collection[str]) -> None:
        self.source = source
        origins = Origin.objects.of(source) if source else Origin.objects.none()
        self.by_folder = {origin.path: origin for origin in origins}
        lost = [each for path, each in self.by_folder.items() if path not in folders]
        self.lost_by_skill = {origin.skill_id: origin for origin in lost}
        self.lost_renamed = {each.digest: each for each in lost if each.is_renamed}

    def of(self, found: DiscoveredSkill, holder: Skill | None) -> Origin | None:
        """What is known of the skill in this folder, which may have moved.

        `holder` has its name; one that was imported under another has not.
        """
        here = self.by_folder.get(found.folder)
        if here and (here.is_renamed or here.skill == holder):
            return here
        if holder and (moved := self.lost_by_skill.get(holder.pk)):
            return moved
        return self.lost_renamed.get(found.digest)

    def keep(
        self, found: DiscoveredSkill, published: Published, before: Origin | None
    ) -> None:
        """`before`: what `of` said. Where it lay then, it does not lie any more."""
        if not self.source:
            return
        if before and before.path != found.folder:
            Origin.objects.filter(pk=before.pk).delete()
        Origin.objects.update_or_create(
            source=self.source,
            path=found.folder,
            defaults={
                "skill": published.skill,
                "digest": found.digest,
                "published": published.version.bundle_id,
                "pruned": False,
                "adopted": not published.changed and (not before or before.adopted),
            },
        )


@dataclass(frozen=True)
class SkillMatch:
    """`files` say `name`, which is not always the one that the source gives."""

    candidate: ValidSkill
    name: str
    files: Files
    skill: Skill | None
    origin: Origin | None = None
    """What this source had the last time, if it was of this skill."""

    @cached_property
    def digest(self) -> str:
        return bundle_digest(self.files)

    @property
    def current(self) -> str:
        """The bundle that is read today; empty if there is no skill yet."""
        return self.skill.current.bundle_id if self.skill else ""

    @property
    def is_as_imported(self) -> bool:
        """Nobody has changed here what this source had the last time."""
        return self.origin is not None and self.origin.published == self.current

    @property
    def is_news(self) -> bool:
        """The source has changed since the last time, or is seen the first time."""
        known = self.origin.digest if self.origin else ""
        return known != self.candidate.found.digest

    @property
    def version(self) -> SkillVersion | None:
        """The newest one that has these very bytes."""
        return (
            self.skill.versions.filter(bundle=self.digest).first()
            if self.skill
            else None
        )


def match_skill(candidate: ValidSkill, memory: ImportSource) -> SkillMatch:
    """One that goes by another name here goes on with it. Raises InvalidSkill."""
    found, name = candidate.found, candidate.name
    holder = skill_named(name)
    origin = memory.of(found, holder)
    if origin is None or origin.skill.name == name:
        return SkillMatch(candidate, name, found.files, holder, origin)
    skill = skill_named(origin.skill.name)
    renamed = origin.skill.name
    return SkillMatch(
        candidate, renamed, with_name(found.files, renamed), skill, origin
    )


def skill_named(name: str) -> Skill | None:
    """The skill that has the name, or had it."""
    skills = Skill.objects.select_related("current", "category")
    return skills.filter(
        addresses__kind=Address.Kind.SKILL, addresses__path=name
    ).first()


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

    def of(self, candidate: ValidSkill) -> Placed:
        """By its own word, by the folders above it, by its words, or nowhere yet."""
        return (
            self._named(candidate)
            or self._by_folders(candidate)
            or self._by_words(candidate)
            or (Category.objects.fallback(), "No category fits well.")
        )

    def _named(self, candidate: ValidSkill) -> Placed | None:
        metadata = candidate.admitted.frontmatter.get("metadata")
        named = metadata.get("category", "") if isinstance(metadata, dict) else ""
        category = self.by_path.get(named.strip("/"))
        return (category, "Placed by metadata.category.") if category else None

    def _by_folders(self, candidate: ValidSkill) -> Placed | None:
        """The longest path that ends above the skill's folder: in a checkout
        `skills/data/ml/tune-models` it is `data/ml`."""
        above = candidate.found.folder.split("/")[:-1]
        for start in range(len(above)):
            if category := self.by_path.get("/".join(above[start:])):
                return category, "Placed by its folder."
        return None

    def _by_words(self, candidate: ValidSkill) -> Placed | None:
        admitted = candidate.admitted
        keywords = admitted.labels.get("keyword", frozenset())
        texts = (admitted.description, *sorted(keywords))
        path = self.places.best(admitted.name, texts)
        return (self.by_path[path], "Placed by its words.") if path else None
