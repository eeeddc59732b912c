"""The tables of the test database: they are emptied, and filled with copied rows.

Django empties them between transactional tests by TRUNCATE and post_migrate, which
takes 33 ms on SQLite and 160 ms on PostgreSQL, although most tests write to a few
tables only. Rows that many tests begin with are made once by the product, and then
copied.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, Generic, TypeVar

from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Model

MADE_BY_MIGRATE = [
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
]
"""Tables with permissions and roles, which are restored only if a test changed them."""

BESIDE = {"cachelayer_plane", "jobs_worker"}
"""Tables that a test process itself writes to: its cache host and its worker."""

Made = TypeVar("Made")
Row = tuple[Any, ...]
Rows = dict[str, tuple[list[str], list[Row]]]
"""The columns and the rows of each table."""


def empty_tables(case: object) -> None:
    """Replaces `TransactionTestCase._fixture_teardown`."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in filled_tables():
            cursor.execute(f"DELETE FROM {quoted(table)}")  # noqa: S608
        for table, made in rights().items():
            if content(table) != made:
                cursor.execute(f"DELETE FROM {quoted(table)}")  # noqa: S608
                insert({table: made})


@cache
def rights() -> Rows:
    """Permissions and roles as `migrate` made them; first called before any test."""
    return {table: content(table) for table in MADE_BY_MIGRATE}


def filled_tables() -> list[str]:
    """The tables of models with at least one row, except permissions and roles."""
    with connection.cursor() as cursor:
        cursor.execute(question_for_filled())
        return [name for (name,) in cursor.fetchall()]


@cache
def question_for_filled() -> str:
    names = connection.introspection.django_table_names(only_existing=True)
    tables = sorted(set(names) - {*MADE_BY_MIGRATE, "django_migrations"})
    return " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quoted(name)})"  # noqa: S608
        for name in tables
    )


def content(table: str) -> tuple[list[str], list[Row]]:
    names = columns(table)
    listed = ", ".join(map(quoted, names))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {listed} FROM {quoted(table)} ORDER BY 1")  # noqa: S608
        return names, cursor.fetchall()


@cache
def columns(table: str) -> list[str]:
    """The columns that can be written."""
    fields = model_of(table)._meta.local_concrete_fields
    return [field.column for field in fields if not field.generated]


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)


class CopiedRows(Generic[Made]):
    """Rows that many tests begin with. The first call makes them with `make`; later
    calls copy them, which takes a few INSERT statements.

    `on` is the set of rows that `make` builds on. Later calls copy only if the tables
    that `make` adds to are empty or hold exactly the rows of `on`; otherwise they call
    `make` again. Other tables (users, for example) may hold anything. A `make` that
    changes or deletes existing rows is called every time. `make` returns names and
    keys, not model instances.
    """

    def __init__(
        self, make: Callable[[], Made], on: "CopiedRows[Any] | None" = None
    ) -> None:
        self.make, self.on = make, on
        self.rows: Rows = {}
        self.added_to: set[str] = set()

    def __call__(self) -> Made:
        before = self._before()
        if self.rows and not self.added_to & before.keys() - self._known(before):
            names = self.added_to | self.rows.keys() - before.keys()
            rows = {name: self.rows[name] for name in self.rows if name in names}
            insert(less(rows, before))
            return self.made
        made = self.make()
        if not self.rows:
            self._learn(made, before)
        return made

    def _before(self) -> Rows:
        return {name: content(name) for name in filled_tables() if name not in BESIDE}

    def _known(self, before: Rows) -> set[str]:
        """The tables that hold exactly the rows of `on`."""
        base = self.on.rows if self.on else {}
        return {name for name in base if before.get(name) == base[name]}

    def _learn(self, made: Made, before: Rows) -> None:
        after, unchanged = self._before(), self._known(before)
        others = before.keys() - unchanged
        only_added = not any(less({name: before[name]}, after) for name in unchanged)
        if only_added and all(before[name] == after.get(name) for name in others):
            base = self.on.rows if self.on else {}
            self.made = made
            self.rows = base | {n: after[n] for n in after if n not in others}
            self.added_to = {n for n in self.rows if self.rows[n] != base.get(n)}


def less(rows: Rows, existing: Rows) -> Rows:
    """The rows that do not exist yet, compared by primary key and content."""
    missing: Rows = {}
    for table, (names, values) in rows.items():
        _, others = existing.get(table, (names, []))
        by_key = {row[0]: row for row in others}
        if new := [row for row in values if by_key.get(row[0]) != row]:
            missing[table] = names, new
    return missing


def insert(rows: Rows) -> None:
    """Insert rows with their keys; sequences continue after the highest key."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement, values in statements(rows):
            cursor.execute(statement, values)
        if advance := ";".join(sequences_behind(tuple(rows))):
            cursor.execute(advance)


@cache
def sequences_behind(tables: tuple[str, ...]) -> list[str]:
    """The statements that advance the sequences; SQLite needs none."""
    return connection.ops.sequence_reset_sql(no_style(), list(map(model_of, tables)))


@cache
def model_of(table: str) -> type[Model]:
    models = apps.get_models(include_auto_created=True)
    return next(model for model in models if model._meta.db_table == table)


def statements(rows: Rows) -> Iterator[tuple[str, list[Any]]]:
    for table, (into, values) in rows.items():
        names = ", ".join(map(quoted, into))
        one = "(" + ", ".join(["%s"] * len(into)) + ")"
        all_of_them = ", ".join([one] * len(values))
        yield (
            f"INSERT INTO {quoted(table)} ({names}) VALUES {all_of_them}",  # noqa: S608
            [cell for row in values for cell in row],
        )


seed = CopiedRows(partial(call_command, "seed_taxonomy", verbosity=0))
"""The categories of `seed_taxonomy`."""
