"""Versions of a skill: semantic version numbers on immutable content.

Content is addressed by digest: a bundle lists the files of one skill, a blob holds
the bytes of a file and is shared by all bundles that have it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import total_ordering
from typing import Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Length, Now

from cachelayer import InvalidatingQuerySet
from taxonomy.exceptions import InvalidVersion, VersionConflict, VersionYanked
from taxonomy.files.gate import File, Files, as_files, bundle_digest
from taxonomy.limits import configured_limits
from taxonomy.package import SkillPackage

FULL = re.compile(
    r"(0|[1-9]\d{0,17})\.(0|[1-9]\d{0,17})\.(0|[1-9]\d{0,17})"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?",
    re.ASCII,
)
SHORT = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,2})", re.ASCII)
MAX_VERSION_CHARS = 64
LARGEST_GIVEN = 10**9 - 1
"""For each part. Patches count on from there, so a next number always exists."""


@total_ordering
@dataclass(frozen=True)
class Version:
    major: int
    minor: int
    patch: int
    prerelease: tuple[str, ...] = ()
    """The pre-release part: ("rc", "1") of 2.0.0-rc.1."""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The version for a full number (2.0.0-rc.1) of at most 64 characters.

        Else None.
        """
        match = FULL.fullmatch(text) if len(text) <= MAX_VERSION_CHARS else None
        if not match:
            return None
        prerelease = tuple(match[4].split(".")) if match[4] else ()
        # semver: numeric pre-release identifiers have no leading zeros
        if any(part.isdigit() and part != str(int(part)) for part in prerelease):
            return None
        return cls(int(match[1]), int(match[2]), int(match[3]), prerelease)

    @classmethod
    def given(cls, text: str) -> Self | None:
        """As a publisher gives it: a full number that leaves room for more."""
        version = cls.parse(text)
        if version and max(version.major, version.minor, version.patch) > LARGEST_GIVEN:
            return None
        return version

    @classmethod
    def lenient(cls, text: str) -> Self | None:
        """As authors write it in `metadata.version`: also 1, 1.0 and v1.0.0."""
        if match := SHORT.fullmatch(text.strip()):
            major, minor, patch = map(int, f"{match[1]}.0.0".split(".")[:3])
            return cls(major, minor, patch)
        return cls.given(text.strip())

    def next_patch(self) -> "Version":
        """2.0.0-rc.1 is followed by 2.0.0, 2.0.0 by 2.0.1."""
        patch = self.patch if self.prerelease else self.patch + 1
        return Version(self.major, self.minor, patch)

    def __str__(self) -> str:
        suffix = f"-{'.'.join(self.prerelease)}" if self.prerelease else ""
        return f"{self.major}.{self.minor}.{self.patch}{suffix}"

    def __lt__(self, other: "Version") -> bool:
        return self._precedence < other._precedence

    @property
    def _precedence(self) -> tuple[object, ...]:
        """Rule 11 of semver: a release after its pre-releases, numbers before words."""
        prerelease = tuple(
            (0, int(part), "") if part.isdigit() else (1, 0, part)
            for part in self.prerelease
        )
        return (self.major, self.minor, self.patch, not prerelease, prerelease)


FIRST = Version(1, 0, 0)


EXECUTABLE = "100755"
YOUNG = timedelta(hours=1)
"""Who stores what was stored within this time need not say so again."""


class ContentQuerySet(models.QuerySet[Any]):
    def old(self) -> "ContentQuerySet":
        """What `pruning` might take soon; who is about to refer to it touches it."""
        return self.filter(stored_at__lt=Now() - YOUNG)

    def touch(self) -> int:
        return self.update(stored_at=Now())


class Blob(models.Model):
    """The bytes of a file, kept once however many bundles hold it."""

    digest = models.CharField(max_length=64, primary_key=True)
    stored_at = models.DateTimeField(db_default=Now(), db_index=True)
    """When somebody last stored it, to the hour."""
    content = models.BinaryField()

    objects = ContentQuerySet.as_manager()

    def __str__(self) -> str:
        return self.digest[:12]


class BundleManager(models.Manager.from_queryset(ContentQuerySet)):  # type: ignore[misc]
    def store(self, files: Files, *, digest: str = "") -> "Bundle":
        """The bundle with exactly these files; it is created if it does not exist.

        digest: the bundle digest of the files, if the caller has computed it already.
        Concurrent callers with the same files get the same bundle. Rows are written in
        the order of their digests, so that two writers cannot deadlock.
        """
        digest = digest or bundle_digest(files)
        if known := self._known(digest):
            return known
        with transaction.atomic(using=self.db):
            self._store_blobs(files)
            bundle = Bundle(digest=digest)
            self.bulk_create([bundle], ignore_conflicts=True)
            BundleFile.objects.bulk_create(
                [
                    BundleFile(
                        bundle_id=digest,
                        path=file.path,
                        mode=file.mode,
                        blob_id=file.blob_digest,
                    )
                    for file in as_files(files)
                ],
                ignore_conflicts=True,
            )
        return bundle

    def _known(self, digest: str) -> "Bundle | None":
        """The bundle that is there; None also if it was removed before the touch."""
        there = self.filter(pk=digest)
        old = models.Exists(there.old())
        known: Bundle | None = there.annotate(is_old=old).first()
        if known and known.is_old and not there.touch():  # type: ignore[attr-defined]
            return None
        return known

    def _store_blobs(self, files: Files) -> None:
        wanted = {file.blob_digest: file.content for file in files}
        there = Blob.objects.filter(pk__in=wanted)
        # Locked in one order, so that two writers cannot deadlock.
        old = there.old().order_by("pk").select_for_update()
        if keys := list(old.values_list("pk", flat=True)):
            Blob.objects.filter(pk__in=keys).touch()
        known = set(there.values_list("pk", flat=True))
        Blob.objects.bulk_create(
            [
                Blob(digest=digest, content=wanted[digest])
                for digest in sorted(wanted.keys() - known)
            ],
            ignore_conflicts=True,
        )


class Bundle(models.Model):
    """All files of a skill or a draft. Never changed, so it may be shared."""

    digest = models.CharField(max_length=64, primary_key=True)
    """As `bundle_digest` computes it from the sorted (path, blob, mode)."""
    stored_at = models.DateTimeField(db_default=Now(), db_index=True)
    """When somebody last stored it, to the hour."""

    objects = BundleManager()

    def __str__(self) -> str:
        return self.digest[:12]

    def files(self) -> Files:
        return as_files(
            entry.as_file() for entry in self.entries.select_related("blob")
        )

    def package(self, folder_name: str | None = None) -> SkillPackage:
        """The skill that these files are. Its digest is known and not computed."""
        return SkillPackage(
            self.files(), configured_limits(), folder_name, known_digest=self.digest
        )

    def file(self, path: str) -> File | None:
        """One file without reading the others; None if there is none at the path."""
        entry = self.entries.select_related("blob").filter(path=path).first()
        return entry.as_file() if entry else None


class BundleFile(models.Model):
    """A path of a bundle, the mode that git would give it, and its content."""

    bundle = models.ForeignKey(Bundle, models.CASCADE, related_name="entries")
    path = models.CharField(max_length=500)
    mode = models.CharField(max_length=6)
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("bundle", "path")
        constraints = (
            models.UniqueConstraint(fields=["bundle", "path"], name="bundle_path_once"),
        )

    def __str__(self) -> str:
        return self.path

    def as_file(self) -> File:
        return File(self.path, bytes(self.blob.content), self.mode == EXECUTABLE)


MAX_REASON_CHARS = 500
BY_DIGEST = "sha256:"
MAX_REF_CHARS = len(BY_DIGEST) + 64


class VersionQuerySet(InvalidatingQuerySet):
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
