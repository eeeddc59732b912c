"""The admin's site and the app that puts it in the place of Django's own."""

from typing import Any

from django.contrib.admin.apps import AdminConfig
from django.core.paginator import InvalidPage
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from unfold.sites import UnfoldAdminSite


class FleetSite(UnfoldAdminSite):
    index_template = "skillfleet/admin/dashboard.html"
    enable_nav_sidebar = True

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The theme takes any `page` for a number that exists."""
        try:
            return super().search(request, extra_context)
        except (InvalidPage, ValueError):
            raise Http404("There is no such page.") from None


class FleetAdminConfig(AdminConfig):
    default_site = "skillfleet.site.FleetSite"
