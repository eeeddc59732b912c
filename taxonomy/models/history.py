"""Which version of a skill is read: rolled back, yanked, put back."""

from typing import TYPE_CHECKING, Any, cast

from django.db import models, transaction
from django.db.models.functions import Now

from taxonomy.admission import Admitted, as_admitted
from taxonomy.exceptions import (
    LastVersion,
    SkillArchived,
    UnknownVersion,
    VersionWithdrawn,
)
from taxonomy.models.address import Address
from taxonomy.models.label import Label
from taxonomy.models.version import SkillVersion
from taxonomy.skillmd.report import Report

if TYPE_CHECKING:
    from taxonomy.models.skill import Skill


class WithHistory(models.Model):
    """What a skill does with its versions. None of it makes, changes or copies one."""

    class Meta:
        abstract = True

    def held(self) -> "Skill":
        """The row as it is now, for this transaction to write alone.

        Others may refer to it meanwhile.
        """
        skills: Any = type(self)._default_manager
        return cast(
            "Skill", skills.select_for_update(of=("self",), no_key=True).get(pk=self.pk)
        )

    def roll_back(self, number: str) -> SkillVersion:
        """Make a version that was published the current one, before or after today's.

        Name, description and labels become again what it says. Raises UnknownVersion,
        VersionWithdrawn (it is yanked) or SkillArchived.
        """
        with transaction.atomic():
            skill = self.held()
            if skill.status == skill.Status.ARCHIVED:
                raise SkillArchived
            version = skill.published(number)
            if version.yanked_at:
                raise VersionWithdrawn(
                    version=f"{number} is yanked; put it back before."
                )
            if version.pk != skill.current_id:
                skill.read_from(version)
        self.refresh_from_db()
        return version

    def yank(self, number: str, reason: str = "") -> SkillVersion:
        """Withdraw a version: it stays, and who asks for it is told the reason.

        When it is the current one, the next older that is not yanked is read from now
        on, else the newest. Raises UnknownVersion or LastVersion.
        """
        with transaction.atomic():
            skill = self.held()
            version = skill.published(number)
            if version.pk == skill.current_id:
                skill.read_from(skill.heir_of(version))
            version.yanked_at = version.yanked_at or Now()
            version.yanked_reason = reason
            version.save(update_fields=["yanked_at", "yanked_reason"])
        self.refresh_from_db()
        version.refresh_from_db()
        return version

    def put_back(self, number: str) -> SkillVersion:
        """Undo `yank`; which version is current stays. Raises UnknownVersion."""
        with transaction.atomic():
            version = self.held().published(number)
            version.yanked_at, version.yanked_reason = None, ""
            version.save(update_fields=["yanked_at", "yanked_reason"])
        return version

    def published(self, number: str) -> SkillVersion:
        version = self._versions.filter(number=number).first()
        if version is None:
            raise UnknownVersion(version=f"{self} has no version {number[:80]!r}.")
        return version

    def heir_of(self, version: SkillVersion) -> SkillVersion:
        others = self._versions.filter(yanked_at=None).exclude(pk=version.pk)
        older = others.filter(pk__lt=version.pk)
        heir = older.order_by("-pk").first() or others.order_by("-pk").first()
        if heir is None:
            raise LastVersion
        return heir

    def read_from(self, version: SkillVersion) -> None:
        """Make it current. The name that it says is this skill's, or was."""
        self.take_over(version, as_admitted(version.frontmatter, version.body))

    def take_over(
        self,
        version: SkillVersion,
        said: Admitted,
        report: Report | None = None,
        **options: Any,
    ) -> None:
        """Show what a version says. Labels of kinds that it does not name stay.

        `report`, if there is one, saves validating the files once more.
        """
        skill = cast("Skill", self)
        named = skill._state.adding or skill.name != said.name
        skill.name = said.name
        skill.current = version
        skill.description = said.description
        skill.save(**options)
        if named:
            Address.objects.claim_name(skill)
        for kind, values in said.labels.items():
            Label.objects.give(skill, Label.Kind(kind), values)
        skill.settle(report)

    @property
    def _versions(self) -> models.QuerySet[SkillVersion]:
        return SkillVersion.objects.filter(skill_id=self.pk)
