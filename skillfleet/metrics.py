"""/metrics: this host's statistics for Prometheus, without names of users or skills."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from rest_framework.authentication import (
    BaseAuthentication,
    SessionAuthentication,
    get_authorization_header,
)
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from cachelayer.manager import OPERATE
from cachelayer.metrics import CacheCollector
from jobs.monitoring import JobsCollector
from skillfleet.accounts.backends import TokenAuthentication

# Each package's collector is listed here.
COLLECTORS: tuple[type[Collector], ...] = (CacheCollector, JobsCollector)


def create_registry() -> CollectorRegistry:
    """A registry of our collectors; the global one has counts of this process only."""
    registry = CollectorRegistry(auto_describe=False)
    for collector in COLLECTORS:
        registry.register(collector())
    return registry


REGISTRY = create_registry()


class ScraperToken(BaseAuthentication):
    """SKILLFLEET_METRICS_TOKEN as a bearer token; it is accepted nowhere else."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, str] | None:
        expected: str = settings.SKILLFLEET_METRICS_TOKEN
        scheme, _, token = get_authorization_header(request).partition(b" ")
        sent = token.strip().decode("latin-1")
        if scheme.lower() == b"bearer" and expected and same(sent, expected):
            return AnonymousUser(), "scraper"
        return None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def same(sent: str, expected: str) -> bool:
    return constant_time_compare(sent, expected)


class MayScrape(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        may_scrape = request.auth == "scraper" or request.user.has_perm(OPERATE)
        return may_scrape or settings.SKILLFLEET_METRICS_PUBLIC


class OneFormat(DefaultContentNegotiation):
    """Leaves the Accept header to Prometheus' encoder; errors are JSON."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: Any = None
    ) -> Any:
        return renderers[0], renderers[0].media_type


@method_decorator(never_cache, name="dispatch")
class Metrics(APIView):
    """GET /metrics"""

    authentication_classes = (
        ScraperToken,
        TokenAuthentication,
        SessionAuthentication,
    )
    permission_classes = (MayScrape,)
    content_negotiation_class = OneFormat

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return HttpResponse(encode(REGISTRY), content_type=content_type)
