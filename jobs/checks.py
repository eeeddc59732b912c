"""System checks: settings with which jobs would be lost or misbehave."""

import ipaddress
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db import router

from jobs.models import Job

MODES = ("queue", "inline")


@register()
def check_mode(**kwargs: Any) -> Iterable[CheckMessage]:
    if settings.SKILLFLEET_JOBS in MODES:
        return []
    return [
        Error(
            f"SKILLFLEET_JOBS is {settings.SKILLFLEET_JOBS!r}.",
            hint=f"Set it to one of {', '.join(MODES)}.",
            id="jobs.E001",
        )
    ]


@register()
def check_reminder(**kwargs: Any) -> Iterable[CheckMessage]:
    if 0 <= settings.SKILLFLEET_QUESTION_REMINDER < 1:
        return []
    return [
        Error(
            f"SKILLFLEET_QUESTION_REMINDER is {settings.SKILLFLEET_QUESTION_REMINDER}.",
            hint="Set it to a part of the questions' time limit, like 0.5; 0: never.",
            id="jobs.E003",
        )
    ]


@register()
def check_networks(**kwargs: Any) -> Iterable[CheckMessage]:
    for network in settings.SKILLFLEET_WEBHOOK_NETWORKS:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            yield Error(
                f"SKILLFLEET_WEBHOOK_NETWORKS: {error}.",
                hint="Write networks like 10.1.0.0/16, with commas between them.",
                id="jobs.E004",
            )


@register()
def check_queue_database(**kwargs: Any) -> Iterable[CheckMessage]:
    """A message commits together with its job only if both are in one database."""
    queue, jobs = settings.Q_CLUSTER.get("orm"), router.db_for_write(Job)
    if queue == jobs:
        return []
    return [
        Error(
            f"Q_CLUSTER['orm'] is {queue!r}, but jobs are stored in {jobs!r}.",
            hint=f"Set it to {jobs!r}, the alias of the database with the jobs.",
            id="jobs.E002",
        )
    ]
