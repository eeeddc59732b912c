"""The index is made after each migration, and again when its making has changed.

No migration makes it: SQLite drops the triggers of a table that a later migration
alters, and refuses to alter one that a trigger elsewhere names.
"""

import logging
from hashlib import sha256
from typing import Any

from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from taxonomy.search import postgresql, sqlite

logger = logging.getLogger(__name__)

VERSION = ""
"""Part of every digest: change it to rebuild an index whose SQL stays the same."""

SOURCES = ("taxonomy_label", "taxonomy_skill", "taxonomy_skillversion")
TRIGGERS = {
    "sqlite": """SELECT name, tbl_name FROM sqlite_master
        WHERE type = 'trigger' AND name LIKE 'search\\_%%' ESCAPE '\\'""",
    "postgresql": """SELECT tgname, relname FROM pg_trigger
        JOIN pg_class ON pg_class.oid = tgrelid
        WHERE NOT tgisinternal AND tgname LIKE 'search\\_%%'
        AND relnamespace = current_schema()::regnamespace""",
}


def make_way(using: str, plan: list[Any], **_: Any) -> None:
    """Receiver of pre_migrate: tables that are about to change have no triggers."""
    if any(migration.app_label == "taxonomy" for migration, _ in plan):
        drop_triggers(connections[using])


def restore(using: str, **_: Any) -> None:
    """Receiver of post_migrate: the index is there, and holds every skill."""
    connection = connections[using]
    if sources_exist(connection) and not complete(connection):
        with transaction.atomic(using=using):
            drop_triggers(connection)
            make(connection)
    if connection.vendor == "postgresql" and complete(connection):
        make_trigrams(connection)


def sources_exist(connection: BaseDatabaseWrapper) -> bool:
    """Whether the tables that are indexed are there."""
    return set(SOURCES) <= set(connection.introspection.table_names())


def complete(connection: BaseDatabaseWrapper) -> bool:
    """Whether every trigger is there, as this release makes it."""
    return set(made_by_name(connection.vendor)) == set(present(connection))


def make(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            make_postgresql(connection)
        else:
            for statement in sqlite.TABLES:
                cursor.execute(statement)
        for name, event in made_by_name(connection.vendor).items():
            cursor.execute(f"CREATE TRIGGER {name} {event}")
    fill(connection)


def fill(connection: BaseDatabaseWrapper) -> None:
    """Write every entry anew."""
    with connection.cursor() as cursor:
        for statement in rules(connection.vendor).FILLING:
            cursor.execute(statement)


def make_postgresql(connection: BaseDatabaseWrapper) -> None:
    ours = postgresql
    with connection.cursor() as cursor:
        cursor.execute(ours.LOWER)
        found = cursor.fetchone()
        collate = f"COLLATE {found[0]}" if found else ""
        plain = ours.WORDS.replace("{collate}", collate)
        for statement in (
            *ours.TABLE,
            *ours.DICTIONARY,
            plain,
            ours.VECTOR,
            *ours.FUNCTIONS,
        ):
            cursor.execute(statement)


def make_trigrams(connection: BaseDatabaseWrapper) -> None:
    """Not every role may create an extension: without it `check_trigrams` warns."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(postgresql.TRIGRAMS)
            cursor.execute(postgresql.TRIGRAM_INDEX)
    except DatabaseError as error:
        logger.warning("pg_trgm cannot be had error=%s", str(error).strip())


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    on_table = " ON {}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for name, table in present(connection).items():
            cursor.execute(f"DROP TRIGGER {name}{on_table.format(table)}")


def present(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """The triggers that are there, and their tables."""
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS[connection.vendor].replace("%%", "%"))
        return dict(cursor.fetchall())


def made_by_name(vendor: str) -> dict[str, str]:
    """Each trigger by its name, which ends in the digest of the index's definition.

    So an index that another release made, from another definition, is recognised by
    its triggers, and rebuilt.
    """
    made, suffix = rules(vendor).triggers(), digest(vendor)
    return {f"search_{event}_{suffix}": trigger for event, trigger in made.items()}


def digest(vendor: str) -> str:
    """Identifies what the index holds, whatever our modules and names are called."""
    ours = rules(vendor)
    definition = (sorted(ours.DEFINITION.items()), ours.triggers())
    return sha256(f"{definition!r}{VERSION}".encode()).hexdigest()[:8]


def rules(vendor: str) -> Any:
    return postgresql if vendor == "postgresql" else sqlite
