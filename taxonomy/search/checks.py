"""What `manage.py check`, with `--database default`, finds amiss with the search."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections

from taxonomy.search import meaning, tables
from taxonomy.search.postgresql import HAS_TRIGRAMS


@register(Tags.database)
def check_index(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    """No error: it would keep `migrate`, which mends it, from running."""
    for alias in databases or ():
        connection = connections[alias]
        if tables.sources_exist(connection) and not tables.complete(connection):
            yield Warning(
                "The search's index lacks triggers, so it misses what is written.",
                hint="Run manage.py migrate: it makes and fills the index anew.",
                id="taxonomy.W002",
            )


@register(Tags.database)
def check_trigrams(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor != "postgresql" or not tables.complete(connection):
            continue
        with connection.cursor() as cursor:
            cursor.execute(HAS_TRIGRAMS)
            [there] = cursor.fetchone()
        if not there:
            yield Warning(
                "PostgreSQL's pg_trgm is not there: of misspelt words the search "
                "corrects only those with two letters swapped.",
                hint="As a superuser: CREATE EXTENSION pg_trgm; then migrate again.",
                id="taxonomy.W001",
            )


@register()
def check_meaning(**kwargs: Any) -> Iterable[CheckMessage]:
    if settings.SKILLFLEET_SEARCH_BY_MEANING > 0 and not meaning.available():
        yield Warning(
            "SKILLFLEET_SEARCH_BY_MEANING is set, but what it needs is not installed:"
            " sentences are ranked by their words alone.",
            hint="make meaning, or set it to 0.",
            id="taxonomy.W003",
        )
