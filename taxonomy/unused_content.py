"""Removing content that nothing refers to any more: bundles, then their blobs.

Whoever stores content that is there already is handed the row without a lock on it,
and refers to it later, at their commit. So storing makes a row young again
(`stored_at`), and only rows that nobody has stored for KEPT are removed: a day is
longer than any transaction. A row that somebody is making young right now is locked,
and passed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connections, models, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from taxonomy.models import Blob, Bundle, BundleFile

KEPT = timedelta(days=1)
BATCH = 200
"""Rows per transaction: short enough not to keep others from a SQLite file."""


@dataclass(frozen=True)
class Freed:
    """How many bundles and blobs went."""

    bundles: int = 0
    blobs: int = 0


def prune_content() -> Iterator[Freed]:
    """Remove what nothing refers to, a batch at a time; blobs follow their bundles."""
    for batch in _batches(unused_bundles()):
        yield Freed(bundles=_remove(unused_bundles(), batch))
    for batch in _batches(unused_blobs()):
        yield Freed(blobs=_remove(unused_blobs(), batch))


def unused_bundles() -> models.QuerySet[Bundle]:
    """Whatever may refer to a bundle, in this room or another, is asked; its own
    files do not count."""
    unused = Bundle.objects.filter(stored_at__lt=Now() - KEPT)
    for relation in Bundle._meta.get_fields(include_hidden=True):
        if relation.auto_created and relation.related_model is not BundleFile:
            users: Any = relation.related_model
            name = relation.field.attname  # type: ignore[union-attr]
            pointing = users._base_manager.filter(**{name: OuterRef("pk")})
            unused = unused.filter(~Exists(pointing))
    return unused


def unused_blobs() -> models.QuerySet[Blob]:
    files = BundleFile.objects.filter(blob_id=OuterRef("pk"))
    return Blob.objects.filter(~Exists(files), stored_at__lt=Now() - KEPT)


def _batches(unused: models.QuerySet[Any]) -> Iterator[list[str]]:
    keys = _keys(unused)
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


def _keys(rows: models.QuerySet[Any]) -> list[str]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _remove(unused: models.QuerySet[Any], batch: list[str]) -> int:
    """Those of the batch that are still unused once they are locked.

    Asked twice: a reference that was committed while the lock was being taken shows
    in the second statement's snapshot alone.
    """
    can_skip = connections[unused.db].features.has_select_for_update_skip_locked
    locked = unused.filter(pk__in=batch).order_by("pk")
    keys = _keys(locked.select_for_update(of=("self",), skip_locked=can_skip))
    gone = _keys(unused.filter(pk__in=keys))
    unused.model._base_manager.filter(pk__in=gone).delete()
    return len(gone)
