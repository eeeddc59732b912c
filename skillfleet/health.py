"""Health probes: /healthz for a live process, /readyz for one that can serve."""

import logging
from collections.abc import Callable
from typing import Any, NamedTuple, cast
from uuid import uuid4

from django.core.cache import BaseCache, caches
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cachelayer.backends import TagCache
from jobs.api.monitoring import WorkerSerializer
from jobs.models import Worker
from jobs.monitoring import how_to_start_a_worker
from skillfleet.api.throttles import unreachable_errors

log = logging.getLogger(__name__)
WORKERS_SHOWN = 100


class Verdict(NamedTuple):
    passed: bool
    finding: str


OK = Verdict(True, "ok")
LOST = Verdict(False, "a value that was set is lost")


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process answers; nothing else is checked."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when jobs can run and skills can be read; else 503 and the failed checks."""
    verdicts = {name: verdict(name, check) for name, check in CHECKS.items()}
    ready = all(each.passed for each in verdicts.values())
    body = {
        "status": "ready" if ready else "unavailable",
        "checks": {name: each.finding for name, each in verdicts.items()},
        "workers": workers(),
    }
    return JsonResponse(body, status=200 if ready else 503)


PROBES = {"/healthz": healthz, "/readyz": readyz}


class Probes:
    """Answers probes before ALLOWED_HOSTS is checked: they often come by IP address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return PROBES.get(request.path_info, self.get_response)(request)


def verdict(name: str, check: Callable[[], Verdict]) -> Verdict:
    """The check's verdict; a check that raises has failed."""
    try:
        return check()
    except Exception:
        log.exception("readiness check=%s failed", name)
        return Verdict(False, "failed; the log says why")


def database() -> Verdict:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


def cache() -> Verdict:
    """Pass also while the cache is bypassed, for example because its server is down.

    Every read is then served, only more slowly.
    """
    backend = cast(TagCache, caches["default"])
    is_stored = backend.stores_a_probe()
    if backend.out_of_service():
        return Verdict(True, f"bypassed: {backend.why_out_of_service()}")
    return OK if is_stored else LOST


def shared_cache() -> Verdict:
    """Pass also while its server is unreachable: only rates are not counted then."""
    try:
        return stores_values(caches["shared"])
    except unreachable_errors() as error:
        return Verdict(True, f"no rates are counted: {type(error).__name__}")


def stores_values(backend: BaseCache) -> Verdict:
    """Whether a value that was set can be read."""
    key, value = f"readyz:{uuid4()}", uuid4().hex
    backend.set(key, value, timeout=10)
    read_back = backend.get(key)
    backend.delete(key)
    return OK if read_back == value else LOST


def worker() -> Verdict:
    if Worker.objects.alive().exists():
        return OK
    return Verdict(False, f"no live worker; {how_to_start_a_worker()}")


def workers() -> list[dict[str, Any]]:
    """The workers as `GET /workers` lists them; none while the database is down."""
    try:
        rows = Worker.objects.with_liveness()[:WORKERS_SHOWN]
        return list(WorkerSerializer(rows, many=True).data)
    except DatabaseError as error:
        log.warning("workers not listed error=%s", error)
        return []


CHECKS = {
    "database": database,
    "cache": cache,
    "shared_cache": shared_cache,
    "worker": worker,
}
