"""What a load balancer asks: is the process alive, and could it serve?"""

import logging
from collections.abc import Callable
from uuid import uuid4

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs.models import Worker

log = logging.getLogger(__name__)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when all that a job and a read need is there; else 503, and what is not."""
    checks = {name: verdict(name, check) for name, check in CHECKS.items()}
    ready = all(found == "ok" for found in checks.values())
    body = {"status": "ready" if ready else "unavailable", "checks": checks}
    return JsonResponse(body, status=200 if ready else 503)


def verdict(name: str, check: Callable[[], str]) -> str:
    """What the check says; a check that cannot even run is a failure by itself."""
    try:
        return check()
    except Exception:
        log.exception("readiness check=%s failed", name)
        return "failed; the log says why"


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def cache_round_trip() -> str:
    key, value = f"readyz:{uuid4()}", uuid4().hex
    cache.set(key, value, timeout=10)
    found = cache.get(key)
    cache.delete(key)
    return "ok" if found == value else "a value that was set is not found"


def worker() -> str:
    if Worker.objects.alive().exists():
        return "ok"
    return "no live worker; start one with manage.py qcluster"


CHECKS: dict[str, Callable[[], str]] = {
    "database": database,
    "cache": cache_round_trip,
    "worker": worker,
}
