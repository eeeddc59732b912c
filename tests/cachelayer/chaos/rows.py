"""The rows that the schedules read and write; each row counts its versions."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db import connection, models

from cachelayer import invalidates, invalidation

NUMBERS = range(1, 5)


class Row(models.Model):
    """Every committed change raises the version by one and writes a new token."""

    number = models.PositiveIntegerField(primary_key=True)
    version = models.IntegerField()
    token = models.CharField(max_length=40)

    class Meta:
        app_label = "cache_tests"  # not installed, so no migration is missing

    def __str__(self) -> str:
        return f"row {self.number} version {self.version}"


class Turn(models.Model):
    """The row that transactions lock before they change or create the `Row` of this
    number. `version` is the version at which the row was last deleted. The model is not
    declared to the cache."""

    number = models.PositiveIntegerField(primary_key=True)
    version = models.IntegerField()

    class Meta:
        app_label = "cache_tests"

    def __str__(self) -> str:
        return f"turn {self.number}"


class State(NamedTuple):
    """The version of a row and its token, which is None when the row is deleted."""

    version: int
    token: str | None


def initial() -> dict[int, State]:
    return {number: State(1, f"first-{number}") for number in NUMBERS}


def stored(numbers: Collection[int] = NUMBERS) -> dict[int, State]:
    """The committed state of these rows, and this connection's own changes.

    A missing row is looked up in its turn, which is read later and therefore never
    older than the deletion.
    """
    rows = Row.objects.filter(number__in=numbers)
    states = {row.number: State(row.version, row.token) for row in rows}
    for turn in Turn.objects.filter(number__in=set(numbers) - states.keys()):
        states[turn.number] = State(turn.version, None)
    return states


@contextmanager
def tables() -> Iterator[None]:
    """Create both tables and declare `Row` to the cache; undo both at the end."""
    with connection.schema_editor() as editor:
        editor.create_model(Row)
        editor.create_model(Turn)
    try:
        invalidates(
            Row,
            lambda row: [f"/rows/{row.number}/*", "/rows"],
            collection=["/rows/*"],
        )
        yield
    finally:
        invalidation.declarations.pop(Row, None)
        with connection.schema_editor() as editor:
            editor.delete_model(Row)
            editor.delete_model(Turn)


def reset() -> None:
    Row.objects.all().delete()
    Turn.objects.all().delete()
    Turn.objects.bulk_create([Turn(number=n, version=0) for n in NUMBERS])
    Row.objects.bulk_create(
        [Row(number=n, version=s.version, token=s.token) for n, s in initial().items()]
    )
