"""Skills discovered in a source, and the skills and categories they match."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from taxonomy.category_matcher import CategoryMatcher, CategoryWords
from taxonomy.exceptions import InvalidSkill
from taxonomy.files.sources import SkillSource
from taxonomy.limits import configured_limits
from taxonomy.models import Address, Category, Origin, Published, Skill, SkillVersion
from taxonomy.models.address import MAX_NAME_CHARS, SKILL_NAME
from taxonomy.models.category import UNCATEGORIZED
from taxonomy.package import SkillMetadata, SkillPackage
from taxonomy.skillmd.specification import ALLOWED_FIELDS


@dataclass(frozen=True)
class DiscoveredSkill:
    """The files of one folder of a source. Nothing in them has been parsed yet."""

    folder: str
    package: SkillPackage

    @property
    def digest(self) -> str:
        return self.package.digest


@dataclass(frozen=True)
class ValidSkill:
    """A discovered skill that keeps the rules of the specification and of clients."""

    discovered: DiscoveredSkill
    metadata: SkillMetadata
    notes: tuple[str, ...] = ()
    """Remarks on rules that the skill breaks and that a lenient import ignores."""

    @property
    def name(self) -> str:
        return self.metadata.name


def discover(source: SkillSource, folder: str) -> DiscoveredSkill:
    """Read the files of one folder. Raises FilesRefused or SourceRefused."""
    limits = configured_limits()
    package = SkillPackage(source.read(folder), limits, is_gated=True)
    return DiscoveredSkill(folder, package)


def validated(
    discovered: DiscoveredSkill, folder_name: str | None, lenient: bool
) -> ValidSkill:
    """The skill, if it is valid. Raises InvalidSkill, which lists every broken rule."""
    metadata = discovered.package.require_valid(lenient=lenient)
    notes = []
    if problem := discovered.package.reading.problem:
        notes.append(f"{problem.message}. Clients read it, so it is kept as it is.")
    if unknown := sorted(metadata.frontmatter.keys() - ALLOWED_FIELDS):
        notes.append(f"Unknown fields kept: {', '.join(unknown)}.")
    if folder_name not in (None, metadata.name):
        mismatch = (
            f"The folder is named {folder_name!r}, but the skill {metadata.name!r}."
        )
        if not lenient:
            raise InvalidSkill(
                name=f"{mismatch} Rename one of them, or import leniently."
            )
        notes.append(mismatch)
    return ValidSkill(discovered, metadata, tuple(notes))


def declared_name(package: SkillPackage) -> str:
    """The name in SKILL.md, even if the rest of it is invalid. Empty if it has none."""
    name = package.declared_name
    return name if len(name) <= MAX_NAME_CHARS and SKILL_NAME.fullmatch(name) else ""


class ImportSource:
    """A named source, and the records of its last import.

    The records are loaded once, before the import changes anything.
    """

    def __init__(self, name: str, folders: Collection[str]) -> None:
        self.name = name
        origins = Origin.objects.of_source(name) if name else Origin.objects.none()
        self.by_folder = {origin.path: origin for origin in origins}
        missing = [
            origin for path, origin in self.by_folder.items() if path not in folders
        ]
        self.missing_by_skill = {origin.skill_id: origin for origin in missing}
        self.missing_renamed = {
            origin.digest: origin for origin in missing if origin.is_renamed
        }

    def origin_of(
        self, discovered: DiscoveredSkill, namesake: Skill | None
    ) -> Origin | None:
        """The record of the last import of this skill, whose folder may have moved.

        `namesake` is the skill here that has its name; a skill that was imported
        under another name has none.

        A folder that is missing now was moved to this folder if it contained the same
        skill, or, for a renamed skill, the same files.
        """
        origin = self.by_folder.get(discovered.folder)
        if origin and (origin.is_renamed or origin.skill == namesake):
            return origin
        if namesake and (moved := self.missing_by_skill.get(namesake.pk)):
            return moved
        return self.missing_renamed.get(discovered.digest)

    def record(
        self, discovered: DiscoveredSkill, published: Published, former: Origin | None
    ) -> None:
        """Store what was imported. `former` is what `origin_of` returned."""
        if not self.name:
            return
        if former and former.path != discovered.folder:
            Origin.objects.filter(pk=former.pk).delete()
        Origin.objects.update_or_create(
            source=self.name,
            path=discovered.folder,
            defaults={
                "skill": published.skill,
                "digest": discovered.digest,
                "published": published.version.bundle_id,
                "pruned": False,
                "adopted": not published.changed and (not former or former.adopted),
            },
        )


@dataclass(frozen=True)
class SkillMatch:
    """A skill of a source, and the skill here that it is a version of.

    `name` is its name here, which may differ from the source's; `package` contains it.
    """

    source_skill: ValidSkill
    name: str
    package: SkillPackage
    skill: Skill | None
    """None: there is no such skill yet."""
    origin: Origin | None = None
    """The record of its last import from this source."""

    @property
    def digest(self) -> str:
        return self.package.digest

    @property
    def current(self) -> str:
        """The digest of the current version; empty if there is no skill yet."""
        return self.skill.current.bundle_id if self.skill else ""

    @property
    def is_as_imported(self) -> bool:
        """Whether the skill here is unchanged since its last import."""
        return self.origin is not None and self.origin.published == self.current

    @property
    def source_changed(self) -> bool:
        """Whether the source changed since the last import, or is new."""
        last_import = self.origin.digest if self.origin else ""
        return last_import != self.source_skill.discovered.digest

    @property
    def version(self) -> SkillVersion | None:
        """The newest version with exactly these files."""
        return (
            self.skill.versions.filter(bundle=self.digest).first()
            if self.skill
            else None
        )


def match_skill(source_skill: ValidSkill, source: ImportSource) -> SkillMatch:
    """Match the skill by its last import, or else by its name.

    A skill that was renamed here stays matched to its source. Raises InvalidSkill if
    the package cannot have that new name.
    """
    discovered, name = source_skill.discovered, source_skill.name
    namesake = skill_named(name)
    origin = source.origin_of(discovered, namesake)
    if origin is None or origin.skill.name == name:
        return SkillMatch(source_skill, name, discovered.package, namesake, origin)
    renamed = origin.skill.name
    package = discovered.package.renamed(renamed)
    return SkillMatch(source_skill, renamed, package, skill_named(renamed), origin)


def skill_named(name: str) -> Skill | None:
    """The skill that has the name or had it formerly."""
    skills = Skill.objects.select_related("current", "category")
    return skills.filter(
        addresses__kind=Address.Kind.SKILL, addresses__path=name
    ).first()


CategoryMatch = tuple[Category, str]
"""A category, and a note that says why it was chosen."""


class Categories:
    """Chooses a category for a new skill, from the tree at the start of the import.

    Former paths of categories count as well.
    """

    def __init__(self) -> None:
        self.by_path: Mapping[str, Category] = Address.objects.categories_by_path()

    @cached_property
    def matcher(self) -> CategoryMatcher:
        # `by_path` also has former paths; the matcher gets each category once.
        current = {category.path: category for category in self.by_path.values()}
        return CategoryMatcher(
            CategoryWords(path, category.description)
            for path, category in sorted(current.items())
            if path != UNCATEGORIZED
        )

    def match(self, skill: ValidSkill) -> CategoryMatch:
        """The category that the skill declares, or that fits its folders or its words.

        If there is none: the default category.
        """
        return (
            self._declared(skill)
            or self._by_folders(skill)
            or self._by_words(skill)
            or (Category.objects.fallback(), "No category fits well.")
        )

    def _declared(self, skill: ValidSkill) -> CategoryMatch | None:
        metadata = skill.metadata.frontmatter.get("metadata")
        path = metadata.get("category") if isinstance(metadata, dict) else None
        category = self.by_path.get(path.strip("/")) if isinstance(path, str) else None
        return (category, "Placed by metadata.category.") if category else None

    def _by_folders(self, skill: ValidSkill) -> CategoryMatch | None:
        """The category with the longest path that ends right above the skill's folder.

        For `skills/data/ml/tune-models` that is `data/ml`, if there is no category
        `skills/data/ml`.
        """
        parents = skill.discovered.folder.split("/")[:-1]
        for start in range(len(parents)):
            if category := self.by_path.get("/".join(parents[start:])):
                return category, "Placed by its folder."
        return None

    def _by_words(self, skill: ValidSkill) -> CategoryMatch | None:
        metadata = skill.metadata
        keywords = metadata.labels.get("keyword", frozenset())
        texts = (metadata.description, *sorted(keywords))
        path = self.matcher.best(metadata.name, texts)
        return (self.by_path[path], "Placed by its words.") if path else None
