"""Immutable content, addressed by its digest: blobs, and bundles of them."""

from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.db.models.functions import Now

from taxonomy.packaging.files import File, Files, as_files, bundle_digest

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
    def store(self, files: Files) -> "Bundle":
        """The bundle with exactly these files, made unless it is there already.

        Who stores the same content at the same time gets the same bundle. Rows are
        written in the order of their digests, so that two writers cannot deadlock.
        """
        digest = bundle_digest(files)
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
