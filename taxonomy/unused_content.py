"""Removes unused content: bundles that nothing refers to, then their blobs.

A writer that stores existing content gets its row without a lock, and its reference to
the row becomes visible only when it commits. Therefore storing updates `stored_at`, and
only rows that have not been stored for UNUSED_FOR are removed: a day is longer than any
transaction. Rows that a writer is updating at the moment are locked, and skipped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connections, models, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from taxonomy.models import Blob, Bundle, BundleFile

UNUSED_FOR = timedelta(days=1)
BATCH = 200
"""Rows per transaction; on SQLite a transaction blocks other writers."""


@dataclass(frozen=True)
class Removed:
    """The numbers of removed bundles and blobs."""

    bundles: int = 0
    blobs: int = 0


def prune_content() -> Iterator[Removed]:
    """Remove unused content in batches: bundles first, then the blobs they used."""
    for batch in _batches(unused_bundles()):
        yield Removed(bundles=_remove(unused_bundles(), batch))
    for batch in _batches(unused_blobs()):
        yield Removed(blobs=_remove(unused_blobs(), batch))


def unused_bundles() -> models.QuerySet[Bundle]:
    """Bundles that no model of any app refers to, apart from their own files."""
    unused = Bundle.objects.filter(stored_at__lt=Now() - UNUSED_FOR)
    for relation in Bundle._meta.get_fields(include_hidden=True):
        if relation.auto_created and relation.related_model is not BundleFile:
            model: Any = relation.related_model
            name = relation.field.attname  # type: ignore[union-attr]
            references = model._base_manager.filter(**{name: OuterRef("pk")})
            unused = unused.filter(~Exists(references))
    return unused


def unused_blobs() -> models.QuerySet[Blob]:
    files = BundleFile.objects.filter(blob_id=OuterRef("pk"))
    return Blob.objects.filter(~Exists(files), stored_at__lt=Now() - UNUSED_FOR)


def _batches(unused: models.QuerySet[Any]) -> Iterator[list[str]]:
    keys = _keys(unused)
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


def _keys(rows: models.QuerySet[Any]) -> list[str]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _remove(unused: models.QuerySet[Any], batch: list[str]) -> int:
    """Delete the rows of the batch that are still unused once they are locked.

    The query is repeated under the lock: a reference that was committed while the lock
    was being taken is only visible to the second statement's snapshot.
    """
    can_skip = connections[unused.db].features.has_select_for_update_skip_locked
    rows = unused.filter(pk__in=batch).order_by("pk")
    locked = _keys(rows.select_for_update(of=("self",), skip_locked=can_skip))
    keys = _keys(unused.filter(pk__in=locked))
    unused.model._base_manager.filter(pk__in=keys).delete()
    return len(keys)
