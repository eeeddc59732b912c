"""Creates the search index after each migration, and again if its definition changed.

No migration creates it: when a later migration alters a table, SQLite drops the table's
triggers, and it refuses to alter one that another table's trigger names.
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


def drop_before_migration(using: str, plan: list[Any], **_: Any) -> None:
    """Receiver of pre_migrate: drop the triggers of tables that may change."""
    if any(migration.app_label == "taxonomy" for migration, _ in plan):
        drop_triggers(connections[using])


def create_after_migration(using: str, **_: Any) -> None:
    """Receiver of post_migrate: create the index unless it is up to date."""
    connection = connections[using]
    if source_tables_exist(connection) and not is_current(connection):
        with transaction.atomic(using=using):
            drop_triggers(connection)
            create(connection)
    if connection.vendor == "postgresql" and is_current(connection):
        create_trigram_index(connection)


def source_tables_exist(connection: BaseDatabaseWrapper) -> bool:
    """Whether the indexed tables exist."""
    return set(SOURCES) <= set(connection.introspection.table_names())


def is_current(connection: BaseDatabaseWrapper) -> bool:
    """Whether the triggers are exactly those of this release."""
    return set(triggers_by_name(connection.vendor)) == set(
        existing_triggers(connection)
    )


def create(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            create_postgresql(connection)
        else:
            for statement in sqlite.TABLES:
                cursor.execute(statement)
        for name, sql in triggers_by_name(connection.vendor).items():
            cursor.execute(f"CREATE TRIGGER {name} {sql}")
    fill(connection)


def fill(connection: BaseDatabaseWrapper) -> None:
    """Delete and write all entries."""
    with connection.cursor() as cursor:
        for statement in rules(connection.vendor).FILLING:
            cursor.execute(statement)


def create_postgresql(connection: BaseDatabaseWrapper) -> None:
    module = postgresql
    with connection.cursor() as cursor:
        cursor.execute(module.LOWER)
        collation = cursor.fetchone()
        collate = f"COLLATE {collation[0]}" if collation else ""
        plain = module.WORDS.replace("{collate}", collate)
        for statement in (
            *module.TABLE,
            *module.DICTIONARY,
            plain,
            module.VECTOR,
            *module.FUNCTIONS,
        ):
            cursor.execute(statement)


def create_trigram_index(connection: BaseDatabaseWrapper) -> None:
    """Only some roles may create an extension; `check_trigrams` warns without it."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(postgresql.TRIGRAMS)
            cursor.execute(postgresql.TRIGRAM_INDEX)
    except DatabaseError as error:
        logger.warning("pg_trgm is not available error=%s", str(error).strip())


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    on_table = " ON {}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for name, table in existing_triggers(connection).items():
            cursor.execute(f"DROP TRIGGER {name}{on_table.format(table)}")


def existing_triggers(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """The names of the index's triggers in the database, and their tables."""
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS[connection.vendor].replace("%%", "%"))
        return dict(cursor.fetchall())


def triggers_by_name(vendor: str) -> dict[str, str]:
    """The triggers of this release; their names end in the definition's digest.

    The names show whether an index was created from another definition.
    """
    triggers, suffix = rules(vendor).triggers(), digest(vendor)
    return {f"search_{event}_{suffix}": sql for event, sql in triggers.items()}


def digest(vendor: str) -> str:
    """Identifies the definition; independent of the names of modules and constants."""
    module = rules(vendor)
    definition = (sorted(module.DEFINITION.items()), module.triggers())
    return sha256(f"{definition!r}{VERSION}".encode()).hexdigest()[:8]


def rules(vendor: str) -> Any:
    return postgresql if vendor == "postgresql" else sqlite
