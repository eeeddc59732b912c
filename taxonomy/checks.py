"""System checks of the taxonomy: usage settings, and the search's index."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from taxonomy.search import index, meaning
from taxonomy.search.postgresql import HAS_TRIGRAMS


@register()
def check_usage_is_kept(**kwargs: Any) -> Iterable[CheckMessage]:
    """Events must be kept long enough for a late duplicate to be recognised, and counts
    long enough for the other settings."""
    retention = timedelta(days=settings.SKILLFLEET_USAGE_DAYS)
    if settings.SKILLFLEET_USAGE_LATE + timedelta(days=1) > retention:
        yield Error(
            f"SKILLFLEET_USAGE_DAYS is {settings.SKILLFLEET_USAGE_DAYS}, and"
            f" SKILLFLEET_USAGE_LATE is {settings.SKILLFLEET_USAGE_LATE}: an event that"
            " is sent twice could be counted twice.",
            hint="SKILLFLEET_USAGE_DAYS must be at least a day longer than"
            " SKILLFLEET_USAGE_LATE.",
            id="taxonomy.E001",
        )
    needed = max(
        settings.SKILLFLEET_USAGE_DAYS, settings.SKILLFLEET_USAGE_WINDOW_DAYS, 1
    )
    if needed > settings.SKILLFLEET_USAGE_COUNT_DAYS:
        yield Error(
            f"SKILLFLEET_USAGE_COUNT_DAYS is {settings.SKILLFLEET_USAGE_COUNT_DAYS};"
            f" other usage settings need at least {needed} days.",
            hint=f"Set SKILLFLEET_USAGE_COUNT_DAYS to at least {needed}.",
            id="taxonomy.E002",
        )


@register(Tags.database)
def check_index(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    """A warning: an error would stop `migrate`, which repairs the index."""
    for alias in databases or ():
        connection = connections[alias]
        if index.source_tables_exist(connection) and not index.is_current(connection):
            yield Warning(
                "The search index lacks triggers, so it misses changes.",
                hint="Run manage.py migrate to rebuild the index.",
                id="taxonomy.W002",
            )


@register(Tags.database)
def check_trigrams(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor != "postgresql" or not index.is_current(connection):
            continue
        with connection.cursor() as cursor:
            cursor.execute(HAS_TRIGRAMS)
            [is_installed] = cursor.fetchone()
        if not is_installed:
            yield Warning(
                "PostgreSQL's extension pg_trgm is not installed. The search corrects"
                " only misspelled words with two letters swapped.",
                hint="As a superuser, run CREATE EXTENSION pg_trgm; then run migrate.",
                id="taxonomy.W001",
            )


@register()
def check_meaning(**kwargs: Any) -> Iterable[CheckMessage]:
    if settings.SKILLFLEET_SEARCH_BY_MEANING > 0 and not meaning.available():
        yield Warning(
            "SKILLFLEET_SEARCH_BY_MEANING is set, but its encoder is not installed."
            " Sentences are ranked by their words only.",
            hint="Run make meaning, or set it to 0.",
            id="taxonomy.W003",
        )
