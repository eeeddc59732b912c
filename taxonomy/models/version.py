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
LARGEST_REQUESTED = 10**9 - 1
"""The largest part that a publisher may choose. Patch numbers may grow beyond it, so
that there always is a next version."""


@total_ordering
@dataclass(frozen=True)
class Version:
    """A semantic version number (semver 2.0.0), without build metadata."""

    major: int
    minor: int
    patch: int
    prerelease: tuple[str, ...] = ()
    """The pre-release part: ("rc", "1") of 2.0.0-rc.1."""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Parse a full number (2.0.0-rc.1) of at most 64 characters.

        None: it is not a valid number.
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
    def parse_requested(cls, text: str) -> Self | None:
        """Parse a number that a publisher chose: a full one, with no part too large."""
        version = cls.parse(text)
        if not version:
            return None
        largest = max(version.major, version.minor, version.patch)
        return version if largest <= LARGEST_REQUESTED else None

    @classmethod
    def parse_lenient(cls, text: str) -> Self | None:
        """Parse a number as authors write it in `metadata.version`.

        It may also be short (1, 1.0) or begin with a v (v1.0.0).
        """
        if match := SHORT.fullmatch(text.strip()):
            major, minor, patch = map(int, f"{match[1]}.0.0".split(".")[:3])
            return cls(major, minor, patch)
        return cls.parse_requested(text.strip())

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
TOUCH_INTERVAL = timedelta(hours=1)
"""`stored_at` is only updated if it is older: this saves most of the writes."""


class ContentQuerySet(models.QuerySet[Any]):
    def old(self) -> "ContentQuerySet":
        """Rows that must be touched before something new refers to them.

        Otherwise the pruning of unused content might delete them in between.
        """
        return self.filter(stored_at__lt=Now() - TOUCH_INTERVAL)

    def touch(self) -> int:
        """Set `stored_at` to now; the number of rows that still exist."""
        return self.update(stored_at=Now())


class Blob(models.Model):
    """The bytes of a file, stored once for all bundles that have it."""

    digest = models.CharField(max_length=64, primary_key=True)
    stored_at = models.DateTimeField(db_default=Now(), db_index=True)
    """When the content was last stored; it may be TOUCH_INTERVAL behind."""
    content = models.BinaryField()

    objects = ContentQuerySet.as_manager()

    def __str__(self) -> str:
        return self.digest[:12]


class BundleManager(models.Manager.from_queryset(ContentQuerySet)):  # type: ignore[misc]
    def store(self, files: Files, *, digest: str = "") -> "Bundle":
        """The bundle with exactly these files; it is created if it does not exist.

        `digest` is the bundle digest of the files, if the caller has computed it.
        Concurrent callers with the same files get the same bundle. Blob rows are
        written in the order of their digests, so that two writers cannot deadlock.
        """
        digest = digest or bundle_digest(files)
        if existing := self._existing_touched(digest):
            return existing
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

    def _existing_touched(self, digest: str) -> "Bundle | None":
        """The existing bundle, touched if it is old.

        None: there is none, or it was pruned before it could be touched.
        """
        rows = self.filter(pk=digest)
        old = models.Exists(rows.old())
        bundle: Bundle | None = rows.annotate(is_old=old).first()
        if bundle and bundle.is_old and not rows.touch():  # type: ignore[attr-defined]
            return None
        return bundle

    def _store_blobs(self, files: Files) -> None:
        """Create the missing blobs, and touch the old ones."""
        contents = {file.blob_digest: file.content for file in files}
        existing = Blob.objects.filter(pk__in=contents)
        # All writers lock in the same order, so that they cannot deadlock.
        old = existing.old().order_by("pk").select_for_update()
        if keys := list(old.values_list("pk", flat=True)):
            Blob.objects.filter(pk__in=keys).touch()
        missing = contents.keys() - set(existing.values_list("pk", flat=True))
        Blob.objects.bulk_create(
            [
                Blob(digest=digest, content=contents[digest])
                for digest in sorted(missing)
            ],
            ignore_conflicts=True,
        )


class Bundle(models.Model):
    """All files of a skill or a draft. It is immutable, so that it can be shared."""

    digest = models.CharField(max_length=64, primary_key=True)
    """The result of `bundle_digest`."""
    stored_at = models.DateTimeField(db_default=Now(), db_index=True)
    """When the bundle was last stored; it may be TOUCH_INTERVAL behind."""

    objects = BundleManager()

    def __str__(self) -> str:
        return self.digest[:12]

    def files(self) -> Files:
        return as_files(
            entry.as_file() for entry in self.entries.select_related("blob")
        )

    def package(self, folder_name: str | None = None) -> SkillPackage:
        """The files as a skill. Its digest is taken over and not computed again."""
        return SkillPackage(
            self.files(), configured_limits(), folder_name, known_digest=self.digest
        )

    def file(self, path: str) -> File | None:
        """One file without reading the others; None if there is none at the path."""
        entry = self.entries.select_related("blob").filter(path=path).first()
        return entry.as_file() if entry else None


class BundleFile(models.Model):
    """One file of a bundle: its path, its mode in git, and its content."""

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
    def by_ref(self, ref: str) -> "VersionQuerySet":
        """Versions by number, or by the content's digest: `sha256:` and 64 hex digits.

        Several versions may have the same content; those that are not yanked come
        first.
        """
        if ref.startswith(BY_DIGEST) and len(ref) == MAX_REF_CHARS and ref.isascii():
            same_content = self.filter(bundle_id=ref.removeprefix(BY_DIGEST))
            return same_content.order_by(F("yanked_at").asc(nulls_first=True), "-pk")
        return self.filter(number=ref) if Version.parse(ref) else self.none()


class VersionManager(models.Manager.from_queryset(VersionQuerySet)):  # type: ignore[misc]
    """The manager of `VersionQuerySet`."""


class SkillVersion(models.Model):
    """A published version: a number and a bundle of files.

    It never changes, except that it can be yanked and unyanked.
    """

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
    """Fields of any length; lists do not load them."""

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
        """Whether it is the skill's current version, which readers get."""
        return self.skill.current_id == self.pk

    def previous(self) -> "SkillVersion | None":
        """The newest version published before this one that is not yanked."""
        former = SkillVersion.objects.filter(skill_id=self.skill_id, pk__lt=self.pk)
        return former.filter(yanked_at=None).order_by("-pk").first()

    def require_not_yanked(self) -> None:
        """Raises VersionYanked, with the reason."""
        if self.yanked_at:
            reason = f": {self.yanked_reason}" if self.yanked_reason else "."
            raise VersionYanked(f"Version {self.number} was withdrawn{reason}")

    @property
    def sized_files(self) -> models.QuerySet[BundleFile]:
        """The files without their content, each with its `size` in bytes."""
        entries = BundleFile.objects.filter(bundle_id=self.bundle_id)
        return entries.annotate(size=Length("blob__content")).order_by("path")


def next_number(
    published: Iterable[str], *, requested: str | None = None, declared: str = ""
) -> str:
    """The number of the next version.

    `requested` is the number that the publisher chose: raises InvalidVersion, or
    VersionConflict unless it is higher than all that are published.

    `declared` is `metadata.version`: it is used if it is higher. Otherwise the next
    patch number is used without an error, because most people who edit or import a
    SKILL.md do not change that field.
    """
    highest = max(filter(None, map(Version.parse, published)), default=None)
    if requested is not None:
        return str(_require_higher(highest, requested))
    version = Version.parse_lenient(declared)
    if highest is None:
        return str(version or FIRST)
    return str(version if version and version > highest else highest.next_patch())


def _require_higher(highest: Version | None, requested: str) -> Version:
    version = Version.parse_requested(requested)
    if version is None:
        raise InvalidVersion(version=f"{requested[:80]!r} is not a number like 1.4.0.")
    if highest and version <= highest:
        raise VersionConflict(
            version=f"{highest} is published: give a higher number than that, or none."
        )
    return version
