"""Bulk methods send no signals: the QuerySet retires the collection instead."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models

from cachelayer.registry import collection_of
from cachelayer.transactions import mark, retire


@contextmanager
def retiring(patterns: list[str], using: str) -> Iterator[None]:
    """Retire these around a statement."""
    mark(*patterns, using=using)
    try:
        yield
    finally:
        retire(*patterns, using=using)


def retiring_collection(rows: models.QuerySet[Any]) -> AbstractContextManager[None]:
    """Around a statement on many rows."""
    rows._for_write = True  # type: ignore[attr-defined]
    return retiring(collection_of(rows.model), rows.db)


class RetiringQuerySet(models.QuerySet[Any]):
    """Bulk methods send no signals: they retire the collection instead.

    Declared models have it behind all their managers: their own, or by adoption.
    """

    if TYPE_CHECKING:
        as_manager: ClassVar[Any]  # or django-stubs refuses those of heirs

    def update(self, **values: Any) -> int:
        with retiring_collection(self):
            return super().update(**values)

    def bulk_create(self, *args: Any, **options: Any) -> list[Any]:
        with retiring_collection(self):
            return super().bulk_create(*args, **options)

    def bulk_update(self, *args: Any, **options: Any) -> int:
        with retiring_collection(self):
            return super().bulk_update(*args, **options)

    def delete(self) -> tuple[int, dict[str, int]]:
        with retiring_collection(self):
            return super().delete()

    def _raw_delete(self, using: str | None) -> int:
        with retiring_collection(self):
            return super()._raw_delete(using)

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]
    update.alters_data = True  # type: ignore[attr-defined]
    _raw_delete.alters_data = True  # type: ignore[attr-defined]


class RetiringManager(models.Manager[Any]):
    _queryset_class = RetiringQuerySet
