"""The one way a skill is written: a version on a bundle, all of it or nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from django.contrib.auth.models import User
from django.db import IntegrityError, models, transaction

from taxonomy.exceptions import NameTaken, SkillArchived, SkillChanged
from taxonomy.files.file import Files
from taxonomy.limits import configured_limits
from taxonomy.models.address import Address
from taxonomy.models.category import Category
from taxonomy.models.relation import hold_relations
from taxonomy.models.verdict import Waiving
from taxonomy.models.version import Bundle, SkillVersion, next_number
from taxonomy.package import SkillMetadata, SkillPackage

if TYPE_CHECKING:
    from taxonomy.models.skill import Skill

ATTEMPTS = 3

Trait = Literal["type", "weight", "load_priority", "style"]


@dataclass(frozen=True)
class Published:
    """What publishing did."""

    version: SkillVersion
    created: bool
    """The skill is new."""
    changed: bool
    """There is a new version. False: these very bytes were the current one."""

    @property
    def skill(self) -> "Skill":
        return self.version.skill


@dataclass(frozen=True)
class Edition:
    """One call of `publish`, checked, before it meets the database."""

    package: SkillPackage
    metadata: SkillMetadata
    category: Category | None
    author: User | None
    number: str | None
    change_summary: str
    traits: Mapping[Trait, str]
    based_on: str | None = None
    """The bundle that must be current; empty: there must be no such skill."""
    renamed: "Skill | None" = None
    """The skill that gets the name which the package declares."""
    waivings: Iterable[Waiving] = ()
    """What was waived in these files before they were published."""

    def classify(self, skill: "Skill") -> None:
        for trait, value in self.traits.items():
            setattr(skill, trait, value)


class PublishingManager(models.Manager["Skill"]):
    def publish(
        self,
        package: SkillPackage | Files,
        *,
        category: Category | str | None = None,
        author: User | None = None,
        number: str | None = None,
        change_summary: str = "",
        name: str | None = None,
        traits: Mapping[Trait, str] | None = None,
        based_on: str | None = None,
        lenient: bool = False,
        waivings: Iterable[Waiving] = (),
    ) -> Published:
        """Make the package the current version of the skill that it names.

        Files alone are made a package within the configured limits.
        `category` may be a path; None keeps the one it has, or takes uncategorized.
        `name`, if given, is what the frontmatter must say. `traits` are the type,
        weight, load_priority and style to set. `based_on` is the digest of the bundle
        that the files were made from, empty for none: SkillChanged unless it is still
        current. `lenient` keeps fields that the specification does not know. What
        was waived before in these files (`waivings`) is taken over. The
        current bytes again make no new version. Raises InvalidSkill,
        InvalidVersion, UnknownCategory, NameTaken, SkillArchived or VersionConflict,
        and then nothing is written.
        """
        if not isinstance(package, SkillPackage):
            package = SkillPackage(package, configured_limits())
        metadata = package.require_valid(name=name, lenient=lenient)
        if isinstance(category, str):
            category = Category.objects.named(category)
        return self._insist(
            Edition(
                package,
                metadata,
                category,
                author,
                number,
                change_summary,
                traits or {},
                based_on,
                waivings=waivings,
            )
        )

    def rename(
        self, skill: "Skill", name: str, *, author: User | None = None
    ) -> Published:
        """Publish the current files under another name; the former one resolves on.

        Raises InvalidSkill, NameTaken, SkillArchived, RelationCycle or NameContradicts.
        """
        package = skill.current.bundle.package().renamed(name)
        summary = f"Renamed from {skill.name}."
        metadata = package.require_valid(name=name, lenient=True)
        current = skill.current.bundle_id
        return self._insist(
            Edition(
                package,
                metadata,
                None,
                author,
                None,
                summary,
                {},
                current,
                renamed=skill,
            )
        )

    def _insist(self, edition: Edition) -> Published:
        """Who loses a race for a new name finds the skill there the next time."""
        _ = (
            edition.package.report
        )  # now, while nothing is held: a scan may take seconds
        for _ in range(ATTEMPTS - 1):
            try:
                return self._publish(edition)
            except IntegrityError:
                continue
        return self._publish(edition)

    def _publish(self, edition: Edition) -> Published:
        with transaction.atomic(using=self.db):
            skill = self._find(edition)
            current = skill.current.bundle_id if skill else ""
            if edition.based_on not in (None, current):
                raise SkillChanged
            if skill is None:
                return self._create(edition)
            if current == edition.package.digest:
                self._place(skill, edition)
                self._adopt(skill, edition)
                return Published(skill.current, created=False, changed=False)
            if skill.status == skill.Status.ARCHIVED:
                raise SkillArchived
            return self._advance(skill, edition)

    def _find(self, edition: Edition) -> "Skill | None":
        """The skill to be written, held until the transaction ends.

        What gets a new name may be what relations wait for; so those are held before.
        """
        if edition.renamed:
            hold_relations()
        skill = self._lock(edition)
        if skill is None:
            hold_relations()
        return skill

    def _lock(self, edition: Edition) -> "Skill | None":
        name, renamed = edition.metadata.name, edition.renamed
        skills = self.select_for_update(of=("self",), no_key=True)
        skill = skills.filter(
            addresses__kind=Address.Kind.SKILL, addresses__path=name
        ).first()
        if renamed:
            if skill and skill != renamed:
                raise NameTaken(name=f"{name!r} is or was another skill's name.")
            return skills.get(pk=renamed.pk)
        if skill and skill.name != name:
            raise NameTaken(name=f"{name!r} was once the name of {skill.name!r}.")
        return skill

    def _create(self, edition: Edition) -> Published:
        category = edition.category or Category.objects.fallback()
        Category.objects.hold(category)
        skill = self.model(name=edition.metadata.name, category=category)
        version = self._write_version(skill, edition)
        edition.classify(skill)
        self._take_over(skill, version, edition, force_insert=True)
        return Published(version, created=True, changed=True)

    def _advance(self, skill: "Skill", edition: Edition) -> Published:
        if edition.category:
            skill.place_in(edition.category)
        version = self._write_version(skill, edition)
        edition.classify(skill)
        self._take_over(skill, version, edition)
        return Published(version, created=False, changed=True)

    def _take_over(
        self, skill: "Skill", version: SkillVersion, edition: Edition, **save: Any
    ) -> None:
        skill.take_over(version, edition.metadata, edition.package.report, **save)
        self._adopt(skill, edition)

    def _adopt(self, skill: "Skill", edition: Edition) -> None:
        if edition.waivings:
            skill.adopt(edition.waivings)
            skill.settle(edition.package.report)

    def _place(self, skill: "Skill", edition: Edition) -> None:
        """The same bytes may still go to another category."""
        if edition.category and edition.category.pk != skill.category_id:
            skill.place_in(edition.category)
            skill.save(update_fields=["category", "updated_at"])

    def _write_version(self, skill: "Skill", edition: Edition) -> SkillVersion:
        """Before the skill, that points at it: foreign keys are checked at commit."""
        published = SkillVersion.objects.filter(skill_id=skill.pk)
        return SkillVersion.objects.create(
            skill=skill,
            number=next_number(
                published.values_list("number", flat=True),
                given=edition.number,
                named=edition.metadata.version,
            ),
            bundle=Bundle.objects.store(
                edition.package.files, digest=edition.package.digest
            ),
            frontmatter=edition.metadata.frontmatter,
            body=edition.metadata.body,
            change_summary=edition.change_summary,
            author=edition.author,
        )
