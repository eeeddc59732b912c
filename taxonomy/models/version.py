"""The published states of a skill."""

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import F
from django.db.models.functions import Length

from cachelayer import RetiringQuerySet
from taxonomy.exceptions import InvalidVersion, VersionConflict, VersionYanked
from taxonomy.models.bundle import Bundle, BundleFile
from taxonomy.versions import FIRST, Version

MAX_REASON_CHARS = 500
BY_DIGEST = "sha256:"
MAX_REF_CHARS = len(BY_DIGEST) + 64


class VersionQuerySet(RetiringQuerySet):
    def known_as(self, ref: str) -> "VersionQuerySet":
        """By number, or by the content's digest: `sha256:` and 64 hex digits.

        Several versions may have one content; those that are offered come first.
        """
        if ref.startswith(BY_DIGEST) and len(ref) == MAX_REF_CHARS and ref.isascii():
            same = self.filter(bundle_id=ref.removeprefix(BY_DIGEST))
            return same.order_by(F("yanked_at").asc(nulls_first=True), "-pk")
        return self.filter(number=ref) if Version.parse(ref) else self.none()


class VersionManager(models.Manager.from_queryset(VersionQuerySet)):  # type: ignore[misc]
    """Versions, whichever skill has them."""


class SkillVersion(models.Model):
    """A number on a bundle. Only whether it is yanked, and why, ever changes."""

    skill = models.ForeignKey("taxonomy.Skill", models.CASCADE, related_name="versions")
    number = models.CharField(max_length=64)
    bundle = models.ForeignKey(Bundle, models.PROTECT, related_name="versions")
    frontmatter = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    change_summary = models.TextField(blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    yanked_at = models.DateTimeField(null=True, blank=True)
    yanked_reason = models.CharField(max_length=MAX_REASON_CHARS, blank=True)

    CONTENT = ("body", "frontmatter")
    """Fields of any length, which lists leave where they are."""

    objects = VersionManager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(fields=["skill", "number"], name="version_once"),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def is_current(self) -> bool:
        """Whether it is what readers of the skill get."""
        return self.skill.current_id == self.pk

    def previous(self) -> "SkillVersion | None":
        """The version published before it; those that are yanked are passed over."""
        former = SkillVersion.objects.filter(skill_id=self.skill_id, pk__lt=self.pk)
        return former.filter(yanked_at=None).order_by("-pk").first()

    def require_offered(self) -> None:
        """Raises VersionYanked, with the reason, when it was withdrawn."""
        if self.yanked_at:
            reason = f": {self.yanked_reason}" if self.yanked_reason else "."
            raise VersionYanked(f"Version {self.number} was withdrawn{reason}")

    @property
    def sized_files(self) -> models.QuerySet[BundleFile]:
        """The files without their content, each with its `size` in bytes."""
        entries = BundleFile.objects.filter(bundle_id=self.bundle_id)
        return entries.annotate(size=Length("blob__content")).order_by("path")


def next_number(
    published: Iterable[str], *, given: str | None = None, named: str = ""
) -> str:
    """The number of the version to come.

    `given` by the publisher: raises VersionConflict unless it is higher than all
    that are published. `named` in the frontmatter: counts only if it is higher. A
    lower or published one is passed over for the next patch: nobody asked for it now,
    it came with the text, and most who edit a SKILL.md or import it again leave it.
    """
    highest = max(filter(None, map(Version.parse, published)), default=None)
    if given is not None:
        return str(_higher_than(highest, given))
    wanted = Version.lenient(named)
    if highest is None:
        return str(wanted or FIRST)
    return str(wanted if wanted and wanted > highest else highest.next_patch())


def _higher_than(highest: Version | None, given: str) -> Version:
    version = Version.given(given)
    if version is None:
        raise InvalidVersion(version=f"{given[:80]!r} is not a number like 1.4.0.")
    if highest and version <= highest:
        raise VersionConflict(
            version=f"{highest} is published: give a higher number than that, or none."
        )
    return version
