"""Publishing, the only way to change a skill's files: it stores a new version."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from django.contrib.auth.models import User
from django.db import IntegrityError, models, transaction

from taxonomy.exceptions import NameTaken, SkillArchived, SkillChanged
from taxonomy.files.gate import Files
from taxonomy.limits import configured_limits
from taxonomy.models.address import Address
from taxonomy.models.category import Category
from taxonomy.models.relation import lock_relations
from taxonomy.models.verdict import BaseWaiver
from taxonomy.models.version import Bundle, SkillVersion, next_number
from taxonomy.package import SkillMetadata, SkillPackage

if TYPE_CHECKING:
    from taxonomy.models.skill import Skill

ATTEMPTS = 3

Trait = Literal["type", "weight", "load_priority", "style"]


@dataclass(frozen=True)
class Published:
    """The result of publishing."""

    version: SkillVersion
    created: bool
    """Whether the skill is new."""
    changed: bool
    """Whether there is a new version. False: the current one has the same files."""

    @property
    def skill(self) -> "Skill":
        return self.version.skill


@dataclass(frozen=True)
class Publication:
    """The validated arguments of one call of `publish` or `rename`."""

    package: SkillPackage
    metadata: SkillMetadata
    category: Category | None
    author: User | None
    number: str | None
    change_summary: str
    traits: Mapping[Trait, str]
    based_on: str | None = None
    """The digest of the bundle that must be current (optimistic lock).

    Empty: the skill must not exist yet. None: no check.
    """
    renamed: "Skill | None" = None
    """The skill that is renamed to the name in the package."""
    waivers: Iterable[BaseWaiver] = ()
    """Waivers of a draft with this content, to be copied to the skill."""

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
        waivers: Iterable[BaseWaiver] = (),
    ) -> Published:
        """Make the package the current version of the skill that it names.

        If the current version has the same bytes, there is no new version.

        package: plain files become a package within the configured limits.
        category: a category or its path. None keeps the skill's category; a new
            skill then goes to `uncategorized`.
        name: the name that the frontmatter must have.
        traits: values for type, weight, load_priority and style.
        based_on: the digest of the bundle that the content was made from, empty for
            a new skill. Raises SkillChanged unless it is still current.
        lenient: keep fields that the specification does not know.
        waivers: of a draft with this content; they are copied to the skill.

        Raises InvalidSkill, InvalidVersion, UnknownCategory, NameTaken, SkillArchived
        or VersionConflict; then nothing is written.
        """
        if not isinstance(package, SkillPackage):
            package = SkillPackage(package, configured_limits())
        metadata = package.require_valid(name=name, lenient=lenient)
        if isinstance(category, str):
            category = Category.objects.named(category)
        return self._write(
            Publication(
                package,
                metadata,
                category,
                author,
                number,
                change_summary,
                traits or {},
                based_on,
                waivers=waivers,
            )
        )

    def rename(
        self, skill: "Skill", name: str, *, author: User | None = None
    ) -> Published:
        """Publish the current files under another name. The old name stays an alias.

        Raises InvalidSkill, NameTaken, SkillArchived, RelationCycle or NameContradicts.
        """
        package = skill.current.bundle.package().renamed(name)
        return self._write(
            Publication(
                package,
                package.require_valid(name=name, lenient=True),
                category=None,
                author=author,
                number=None,
                change_summary=f"Renamed from {skill.name}.",
                traits={},
                based_on=skill.current.bundle_id,
                renamed=skill,
            )
        )

    def _write(self, publication: Publication) -> Published:
        """Write, and retry if another publisher creates the same skill at that moment.

        The retry then finds the skill.
        """
        # Compute the cached report before any row is locked: a scan may take seconds.
        _ = publication.package.report
        for _ in range(ATTEMPTS - 1):
            try:
                return self._write_once(publication)
            except IntegrityError:
                continue
        return self._write_once(publication)

    def _write_once(self, publication: Publication) -> Published:
        """One transaction. Raises IntegrityError if another one created the skill."""
        with transaction.atomic(using=self.db):
            skill = self._locked_skill(publication)
            current = skill.current.bundle_id if skill else ""
            if publication.based_on not in (None, current):
                raise SkillChanged
            if skill is None:
                return self._create(publication)
            if current == publication.package.digest:
                self._move(skill, publication)
                self._copy_waivers(skill, publication)
                return Published(skill.current, created=False, changed=False)
            if skill.is_archived:
                raise SkillArchived
            return self._add_version(skill, publication)

    def _locked_skill(self, publication: Publication) -> "Skill | None":
        """The skill to be written, locked until the transaction ends; None: a new one.

        Relations may wait for a new name, so they are locked first if there is one.
        """
        if publication.renamed:
            lock_relations()
        skill = self._lock(publication)
        if skill is None:
            lock_relations()
        return skill

    def _lock(self, publication: Publication) -> "Skill | None":
        """Lock the skill with the name. Raises NameTaken if the name is another's."""
        name, renamed = publication.metadata.name, publication.renamed
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

    def _create(self, publication: Publication) -> Published:
        category = publication.category or Category.objects.fallback()
        Category.objects.lock(category)
        skill = self.model(name=publication.metadata.name, category=category)
        version = self._store_version(skill, publication)
        publication.classify(skill)
        self._apply(skill, version, publication, force_insert=True)
        return Published(version, created=True, changed=True)

    def _add_version(self, skill: "Skill", publication: Publication) -> Published:
        if publication.category:
            skill.move_to(publication.category)
        version = self._store_version(skill, publication)
        publication.classify(skill)
        self._apply(skill, version, publication)
        return Published(version, created=False, changed=True)

    def _apply(
        self,
        skill: "Skill",
        version: SkillVersion,
        publication: Publication,
        **save_options: Any,
    ) -> None:
        report = publication.package.report
        skill.apply_version(version, publication.metadata, report, **save_options)
        self._copy_waivers(skill, publication)

    def _copy_waivers(self, skill: "Skill", publication: Publication) -> None:
        if publication.waivers:
            skill.copy_waivers(publication.waivers)
            skill.store_verdict(publication.package.report)

    def _move(self, skill: "Skill", publication: Publication) -> None:
        """Move a skill with unchanged content to the category, if one is given."""
        category = publication.category
        if category and category.pk != skill.category_id:
            skill.move_to(category)
            skill.save(update_fields=["category", "updated_at"])

    def _store_version(self, skill: "Skill", publication: Publication) -> SkillVersion:
        """Store the version, before the skill that points to it.

        If the skill is new, its row does not exist yet. That is allowed because foreign
        keys are checked at the commit.
        """
        package, metadata = publication.package, publication.metadata
        existing_versions = SkillVersion.objects.filter(skill_id=skill.pk)
        return SkillVersion.objects.create(
            skill=skill,
            number=next_number(
                existing_versions.values_list("number", flat=True),
                requested=publication.number,
                declared=metadata.version,
            ),
            bundle=Bundle.objects.store(package.files, digest=package.digest),
            frontmatter=metadata.frontmatter,
            body=metadata.body,
            change_summary=publication.change_summary,
            author=publication.author,
        )
