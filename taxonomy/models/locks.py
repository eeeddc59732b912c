"""What is decided by looking at many rows is decided by one transaction at a time."""

from django.db import DEFAULT_DB_ALIAS, connections

RELATIONS = 0x536B4601
"""Any number that nothing else in the database locks by."""


def hold_relations() -> None:
    """Until the transaction ends no other one holds them.

    Take it before the row of a skill. On SQLite whoever writes is alone anyway.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [RELATIONS])
