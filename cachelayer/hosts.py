"""Finds other hosts on the database: with MemoryCache, two would serve stale values.

Once in an interval, a process that uses the cache writes the id of its host's stamp
file into the database and looks for other hosts. The stamp file says for all processes
of the host whether there are any.
"""

import asyncio
import logging
import socket
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models.functions import Now

from cachelayer.conf import option
from cachelayer.stamps import CONFLICT, Stamps

logger = logging.getLogger(__name__)


def host_id_of(cache: Any) -> str:
    """The id of the cache's stamp file; empty if a server has the stamps."""
    stamps = getattr(cache, "stamps", None)
    return str(stamps.host_id) if stamps else ""


def refresh(stamps: Stamps) -> None:
    """Announce this host and look for others, unless the thread is in a transaction."""
    if connection.in_atomic_block or in_event_loop():
        return
    stamps.postpone_refresh(option("HOST_INTERVAL"))
    try:
        _invalidate_changes_of_others(stamps)
        _announce(stamps.host_id)
        others = other_hosts(stamps)
    except DatabaseError as error:
        logger.warning("cache host not refreshed: %s", error)
        return
    set_conflict(stamps, bool(others))
    if others:
        logger.warning("cache out of service: %s", conflict(others))


def set_conflict(stamps: Stamps, in_conflict: bool) -> None:
    """Take all processes of the host out of service, or return them to service.

    Each change invalidates everything, so that a hit need not check for conflicts.
    """
    if in_conflict != stamps.in_conflict:
        stamps.words[CONFLICT] = int(in_conflict)  # first, so that nothing is stored
        stamps.bump_all()


def in_event_loop() -> bool:
    """Whether Django refuses to query the database here."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _invalidate_changes_of_others(stamps: Stamps) -> None:
    """Invalidate everything if another host was live since our last announcement.

    That host may have changed rows and ended in the meantime.
    """
    from cachelayer.models import CacheHost

    former = CacheHost.objects.filter(host_id=stamps.host_id).first()
    others = CacheHost.objects.exclude(host_id=stamps.host_id)
    recent = others.filter(seen_at__gte=former.seen_at) if former else others
    if recent.exists():
        stamps.bump_all()
    if former is None:  # a new host, or one whose row was deleted while it slept
        others.forgettable().delete()


def _announce(host_id: str) -> None:
    from cachelayer.models import CacheHost

    host = getattr(settings, "HOST_NAME", "") or socket.gethostname()
    CacheHost.objects.update_or_create(
        host_id=host_id, defaults={"host": host, "seen_at": Now()}
    )


def other_hosts(stamps: Stamps) -> list[Any]:
    """The live hosts on this database that do not share our stamp file."""
    from cachelayer.models import CacheHost

    return list(CacheHost.objects.live().exclude(host_id=stamps.host_id))


def conflict(others: list[Any]) -> str:
    """The message for an operator; empty if there are no other hosts."""
    if not others:
        return ""
    names = ", ".join(sorted({each.host for each in others}))
    return (
        f"hosts that do not share a stamp file use this database ({names}); "
        "give them one Redis cache, or run one host"
    )
