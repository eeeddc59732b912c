"""Every kind of write to one row, each with a function that undoes it."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.contrib.admin.utils import NestedObjects
from django.db import DEFAULT_DB_ALIAS, models, transaction


class Write(NamedTuple):
    kind: str
    do: Callable[[], object]
    undo: Callable[[], object] | None = None


def writes_of(row: models.Model) -> Iterator[Write]:
    """Every write that Django offers for the row, unless the database refuses it."""
    again, rows = copy_of(row), type(row)._default_manager
    mine = rows.filter(pk=row.pk)
    yield Write("save", again.save)
    if plain := plain_field(row):
        same = {plain.attname: getattr(row, plain.attname)}
        yield Write("queryset update", lambda: mine.update(**same))
        yield Write("bulk_update", lambda: rows.bulk_update([again], [plain.name]))
    yield from relating(row)
    deleted = deleted_with(row)
    if deleted:
        yield Write("delete", lambda: copy_of(row).delete(), lambda: insert(deleted))
        yield Write("queryset delete", lambda: mine.delete(), lambda: insert(deleted))


def copy_of(row: models.Model) -> Any:
    return type(row)._base_manager.get(pk=row.pk)


def plain_field(row: models.Model) -> Any:
    fields = row._meta.concrete_fields
    return next((each for each in fields if not each.primary_key), None)


def relating(row: models.Model) -> Iterator[Write]:
    """Writes of a many-to-many relation through the managers of both sides."""
    owner = row._meta.auto_created
    fields = owner._meta.many_to_many if owner else ()
    for field in fields:
        if field.remote_field.through is not type(row):
            continue
        one = getattr(row, field.m2m_field_name())
        other = getattr(row, field.m2m_reverse_field_name())
        yield from from_one_side(getattr(one, field.name), other)
        accessor = field.remote_field.get_accessor_name()
        yield from from_one_side(getattr(other, accessor), one)


def from_one_side(relation: Any, other: models.Model) -> Iterator[Write]:
    source = {relation.source_field_name: relation.instance.pk}
    pairs = relation.through._base_manager.filter(**source)
    former = list(pairs)

    def restore() -> None:
        pairs.delete()
        insert(former)

    yield Write("m2m remove", lambda: relation.remove(other))
    yield Write("m2m add", lambda: relation.add(other), restore)
    yield Write("m2m set", lambda: relation.set([]), restore)
    yield Write("m2m clear", relation.clear, restore)


def deleted_with(row: models.Model) -> list[models.Model]:
    """The row and what is deleted with it; empty when another row protects it."""
    collector = NestedObjects(using=DEFAULT_DB_ALIAS, origin=row)
    collector.collect([copy_of(row)])
    if collector.protected:
        return []
    return [each for rows in collector.data.values() for each in rows]


def insert(rows: list[models.Model]) -> None:
    with transaction.atomic():  # the rows may refer to each other
        for row in rows:
            row.save_base(raw=True, force_insert=True)
