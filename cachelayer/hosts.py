"""Two hosts on one database without a shared cache would serve stale values.

Whoever uses the cache writes its plane into the database once an interval and looks
for others; the verdict stands in the stamp file, for all processes of the host.
"""

import asyncio
import logging
import socket
import time
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models.functions import Now

from cachelayer.conf import option
from cachelayer.stamps import CONFLICT, DUE, Stamps

logger = logging.getLogger(__name__)


def host_id_of(cache: Any) -> str:
    """The id of its stamp file; empty where a server keeps the stamps."""
    stamps = getattr(cache, "stamps", None)
    return str(stamps.host_id) if stamps else ""


def conflicting(stamps: Stamps) -> bool:
    return bool(stamps.words[CONFLICT])


def put_off(stamps: Stamps) -> None:
    """The next refresh is due in an interval."""
    interval = int(option("HOST_INTERVAL") * 1e9)
    stamps.words[DUE] = time.time_ns() + interval


def due(stamps: Stamps) -> bool:
    """Also when the clock was set back since."""
    now, wanted = time.time_ns(), stamps.words[DUE]
    return not now < wanted <= now + int(option("HOST_INTERVAL") * 1e9)


def refresh_if_due(stamps: Stamps) -> None:
    """Announce this plane and look for others. Within a transaction: later."""
    if not due(stamps) or connection.in_atomic_block or in_event_loop():
        return
    put_off(stamps)
    try:
        _retire_what_others_changed(stamps)
        _announce(stamps.host_id)
        others = other_hosts(stamps)
    except DatabaseError as error:
        logger.warning("cache plane not refreshed: %s", error)
        return
    judge(stamps, conflict=bool(others))
    if others:
        logger.warning("cache out of service: %s", reason(others))


def judge(stamps: Stamps, *, conflict: bool) -> None:
    """For all processes of the host: what is kept retires when others come, so that
    hits need not ask, and again when they have gone."""
    if conflict != conflicting(stamps):
        stamps.words[CONFLICT] = int(conflict)  # first: none is stored from now on
        stamps.bump_all()


def in_event_loop() -> bool:
    """Where Django refuses to ask the database."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _retire_what_others_changed(stamps: Stamps) -> None:
    """Planes that came since we last announced ours may have gone again."""
    from cachelayer.models import CacheHost

    former = CacheHost.objects.filter(host_id=stamps.host_id).first()
    others = CacheHost.objects.exclude(host_id=stamps.host_id)
    met = others.filter(seen_at__gte=former.seen_at) if former else others
    if met.exists():
        stamps.bump_all()
    if former is None:  # new, or pruned while it slept: then whoever did so is met
        others.gone().delete()


def _announce(host_id: str) -> None:
    from cachelayer.models import CacheHost

    host = getattr(settings, "HOST_NAME", "") or socket.gethostname()
    CacheHost.objects.update_or_create(
        host_id=host_id, defaults={"host": host, "seen_at": Now()}
    )


def other_hosts(stamps: Stamps) -> list[Any]:
    """The live planes on this database that do not see our stamps."""
    from cachelayer.models import CacheHost

    return list(CacheHost.objects.live().exclude(host_id=stamps.host_id))


def reason(others: list[Any]) -> str:
    """What to tell an operator; empty when there is no other plane."""
    if not others:
        return ""
    hosts = ", ".join(sorted({plane.host for plane in others}))
    return (
        f"hosts that do not share a stamp file use this database ({hosts}); "
        "give them one Redis cache, or one host"
    )
