"""Settings that would count usage twice: `manage.py check` and commands refuse them."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


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
