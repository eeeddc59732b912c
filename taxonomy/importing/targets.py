"""Which skill a candidate becomes, or becomes a version of."""

from dataclasses import dataclass
from functools import cached_property

from taxonomy.files.file import Files, bundle_digest
from taxonomy.importing.candidates import Candidate
from taxonomy.importing.memory import Memory
from taxonomy.models import Address, Origin, Skill, SkillVersion
from taxonomy.package import with_name


@dataclass(frozen=True)
class Target:
    """`files` say `name`, which is not always the one that the source gives."""

    candidate: Candidate
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


def aim(candidate: Candidate, memory: Memory) -> Target:
    """One that goes by another name here goes on with it. Raises InvalidSkill."""
    found, name = candidate.found, candidate.name
    holder = holder_of(name)
    origin = memory.of(found, holder)
    if origin is None or origin.skill.name == name:
        return Target(candidate, name, found.files, holder, origin)
    skill = holder_of(origin.skill.name)
    renamed = origin.skill.name
    return Target(candidate, renamed, with_name(found.files, renamed), skill, origin)


def holder_of(name: str) -> Skill | None:
    """The skill that has the name, or had it."""
    skills = Skill.objects.select_related("current", "category")
    return skills.filter(
        addresses__kind=Address.Kind.SKILL, addresses__path=name
    ).first()
