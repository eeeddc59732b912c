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
    """An event that is sent again must find the first one still there."""
    kept = timedelta(days=settings.SKILLFLEET_USAGE_DAYS)
    if settings.SKILLFLEET_USAGE_LATE + timedelta(days=1) > kept:
        yield Error(
            f"SKILLFLEET_USAGE_DAYS is {settings.SKILLFLEET_USAGE_DAYS}, and events"
            f" may come {settings.SKILLFLEET_USAGE_LATE} late: one that is sent again"
            " could be counted twice.",
            hint="Keep events for a day longer than they may be late.",
            id="taxonomy.E001",
        )
    least = max(
        settings.SKILLFLEET_USAGE_DAYS, settings.SKILLFLEET_USAGE_WINDOW_DAYS, 1
    )
    if least > settings.SKILLFLEET_USAGE_COUNT_DAYS:
        yield Error(
            f"SKILLFLEET_USAGE_COUNT_DAYS is {settings.SKILLFLEET_USAGE_COUNT_DAYS}.",
            hint=f"Keep counts for {least} days at least, as long as what uses them.",
            id="taxonomy.E002",
        )


@register(Tags.database)
def check_index(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    """No error: it would keep `migrate`, which mends it, from running."""
    for alias in databases or ():
        connection = connections[alias]
        if index.sources_exist(connection) and not index.complete(connection):
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
        if connection.vendor != "postgresql" or not index.complete(connection):
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
