"""The admin's site and the app that puts it in the place of Django's own."""

from collections.abc import Callable
from functools import wraps
from itertools import chain
from typing import Any

from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import BadRequest
from django.core.paginator import InvalidPage
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from unfold.sites import UnfoldAdminSite

from core.json_values import text_finding


class FleetSite(UnfoldAdminSite):
    index_template = "skillfleet/admin/dashboard.html"
    enable_nav_sidebar = True

    def admin_view(
        self, view: Callable[..., Any], cacheable: bool = False
    ) -> Callable[..., Any]:
        return super().admin_view(storable_only(view), cacheable)

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The theme takes any `page` for a number that exists."""
        try:
            return super().search(request, extra_context)
        except (InvalidPage, ValueError):
            raise Http404("There is no such page.") from None


def storable_only(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, for addresses that a database can be asked about."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        values = chain.from_iterable(values for _, values in request.GET.lists())
        if any(map(text_finding, chain(request.GET, values))):
            raise BadRequest("The address holds what no row can.")
        return view(request, *args, **kwargs)

    return guarded


class FleetAdminConfig(AdminConfig):
    default_site = "skillfleet.site.FleetSite"
