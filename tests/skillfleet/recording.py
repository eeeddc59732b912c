"""Recording of the tables and rows that a view reads while it computes a response."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db import connection, models

from tests.skillfleet.cached_routes import Fleet, Read
from tests.skillfleet.spare_rows import STANDS_FOR, UNSEEN

WORD = re.compile(r"\w+")
Row = tuple[type[models.Model], Any]  # (model, primary key)


@dataclass
class Recording:
    """Every statement, and every row that became a model instance, with its count."""

    statements: Counter[str] = field(default_factory=Counter)
    rows: Counter[Row] = field(default_factory=Counter)

    def __sub__(self, other: "Recording") -> "Recording":
        return Recording(self.statements - other.statements, self.rows - other.rows)

    @cached_property
    def tables(self) -> set[str]:
        words = {word for text in self.statements for word in WORD.findall(text)}
        return words & set(connection.introspection.table_names(include_views=True))

    def note(self, execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        self.statements[sql] += 1
        return execute(sql, *args)

    def loaded(self, sender: type[models.Model], instance: Any, **_: Any) -> None:
        self.rows[sender, instance.__dict__.get(sender._meta.pk.attname)] += 1


@contextmanager
def recording() -> Iterator[Recording]:
    made = Recording()
    models.signals.post_init.connect(made.loaded)
    try:
        with connection.execute_wrapper(made.note):
            yield made
    finally:
        models.signals.post_init.disconnect(made.loaded)


def what_is_read(fleet: Fleet, read: Read) -> Recording:
    """What is read to compute the response, without what a cache hit reads too.

    In the user tier the permissions of the reader are part of the response.
    """
    with recording() as missed:
        assert fleet.outcome(read) == "MISS", f"{read.address} was not computed"
    with recording() as hit:
        assert fleet.outcome(read) == "HIT", f"{read.address} was not stored"
    return missed if read.tier == "user" else missed - hit


def models_behind(tables: set[str]) -> set[type[models.Model]]:
    """Raises KeyError for a table without a known model."""
    by_table = {
        model._meta.db_table: model
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy
    }
    return {{**by_table, **STANDS_FOR}[table] for table in tables - UNSEEN.keys()}
