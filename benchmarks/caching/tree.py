"""The taxonomy with 2,000 categories, as each contender caches it."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cachelayer import cache_global_data
from taxonomy.api.categories import Taxonomy, TreeSerializer, whole_tree
from taxonomy.models import Category

NODES = 2_000
ROOTS, BRANCHES = 20, 10


def plant() -> None:
    """Create 20 roots with 10 branches each, and leaves for the rest."""
    roots = [{"path": f"root-{one}"} for one in range(ROOTS)]
    branches = [
        {"path": f"{root['path']}/branch-{one}"}
        for root in roots
        for one in range(BRANCHES)
    ]
    leaves = [
        {"path": f"{branches[one % len(branches)]['path']}/leaf-{one}"}
        for one in range(NODES - len(roots) - len(branches))
    ]
    Category.objects.all().delete()
    Category.objects.bulk_create(
        Category(name=f"Category {one}", description=f"What is at {row['path']}", **row)
        for one, row in enumerate([*roots, *branches, *leaves])
    )


class Uncached(APIView):
    """What every contender computes on a miss: the same as the product's own view."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        return Response(TreeSerializer({"categories": whole_tree()}).data)


class Decorated(Uncached):
    @cache_global_data
    def get(self, request: Request) -> Response:
        return super().get(request)


@cache
def answer() -> bytes:
    """The body that each contender must return."""
    tree = TreeSerializer({"categories": whole_tree()}).data
    body: bytes = JSONRenderer().render(tree)
    return body


def static(request: HttpRequest) -> HttpResponse:
    return HttpResponse(answer(), content_type="application/json")


class Bytes(Uncached):
    """Constant bytes: the lower bound for any cache inside a DRF view."""

    def get(self, request: Request) -> HttpResponse:  # type: ignore[override]
        return HttpResponse(answer(), content_type="application/json")


class ShippedUncached(Taxonomy):
    get = Taxonomy.get.__wrapped__


@cache
def extended(alias: str) -> Callable[[HttpRequest], HttpResponse]:
    """drf-extensions around the view method; it needs its cache when it decorates."""
    from rest_framework_extensions.cache.decorators import cache_response

    class Extended(Uncached):
        @cache_response(timeout=300, cache=alias)
        def get(self, request: Request) -> Response:
            return super().get(request)

    return Extended.as_view()


def paged(alias: str) -> type[Uncached]:
    """Django's cache_page around all of DRF, as DRF's documentation shows it."""

    @method_decorator(cache_page(300, cache=alias), name="dispatch")
    class Paged(Uncached):
        pass

    return Paged


def cacheopsed() -> Any:
    """cacheops around all of DRF; it invalidates when a category is saved."""
    from cacheops import cached_view_as

    return cached_view_as(Category, timeout=300)(Uncached.as_view())


def views() -> dict[str, Any]:
    """The view of each contender, by its path below /bench/."""
    return {
        "static": static,
        "bytes": Bytes.as_view(),
        "uncached": Uncached.as_view(),
        "cachelayer": Decorated.as_view(),
        "cache-page/locmem": paged("locmem").as_view(),
        "cache-page/redis": paged("core-redis").as_view(),
        "drf-extensions/locmem": lambda request: extended("locmem")(request),
        "drf-extensions/redis": lambda request: extended("django-redis")(request),
        "cacheops": cacheopsed(),
        "shipped/uncached": ShippedUncached.as_view(),
    }


def urls() -> list[Any]:
    return [path(f"bench/{name}", view) for name, view in views().items()]
