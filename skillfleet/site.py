"""The admin's site: app config, sidebar, and a check of addresses."""

import math
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import chain
from typing import Any, NamedTuple

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import BadRequest
from django.core.paginator import InvalidPage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

from core.json_values import text_finding


class FleetSite(UnfoldAdminSite):
    index_template = "skillfleet/admin/dashboard.html"
    enable_nav_sidebar = True

    def admin_view(
        self, view: Callable[..., Any], cacheable: bool = False
    ) -> Callable[..., Any]:
        return super().admin_view(storable_only(view), cacheable)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Count attempts with those of the API's login."""
        name = str(request.POST.get("username", ""))
        return too_many_attempts(request, name) or super().login(request, extra_context)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Count attempts as logins: the form could be used to guess the password."""
        refusal = too_many_attempts(request, request.user.get_username())
        return refusal or super().password_change(request, extra_context)

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Answer 404 for a page that does not exist; the theme would fail."""
        try:
            return super().search(request, extra_context)
        except (InvalidPage, ValueError):
            raise Http404("There is no such page.") from None


def too_many_attempts(request: HttpRequest, name: str) -> HttpResponse | None:
    """Count a submitted password. None: it may be checked; else the 429 page."""
    # The site is loaded before the models that the throttles' module needs.
    from skillfleet.api.throttles import seconds_until_login

    if request.method != "POST" or not (wait := seconds_until_login(request, name)):
        return None
    seconds = math.ceil(wait)
    response = render(request, "429.html", {"seconds": seconds}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def storable_only(view: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse addresses with text that no database can store, such as NUL."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        values = chain.from_iterable(values for _, values in request.GET.lists())
        if any(map(text_finding, chain(request.GET, values))):
            raise BadRequest("The address contains characters that cannot be stored.")
        return view(request, *args, **kwargs)

    return guarded


class FleetAdminConfig(AdminConfig):
    default_site = "skillfleet.site.FleetSite"


class Entry(NamedTuple):
    label: str
    """The model, as Django names it."""
    title: str
    icon: str


SECTIONS = {
    "Jobs": (
        Entry("jobs.job", "Jobs", "work_history"),
        Entry("jobs.draft", "Drafts", "draft"),
        Entry("jobs.question", "Questions", "forum"),
        Entry("jobs.jobevent", "Events", "timeline"),
        Entry("jobs.webhook", "Webhooks", "webhook"),
        Entry("jobs.delivery", "Deliveries", "outbox"),
    ),
    "Taxonomy": (
        Entry("taxonomy.skill", "Skills", "hub"),
        Entry("taxonomy.skillversion", "Versions", "history"),
        Entry("taxonomy.category", "Categories", "account_tree"),
        Entry("taxonomy.facetdefinition", "Facets", "sell"),
        Entry("taxonomy.usageevent", "Usage", "monitoring"),
        Entry("taxonomy.profile", "Profiles", "tune"),
    ),
    "Operations": (
        Entry("jobs.worker", "Workers", "engineering"),
        Entry("cachelayer.cachehost", "Cache", "cached"),
        Entry("django_q.ormq", "Queued tasks", "queue"),
        Entry("django_q.failure", "Failed tasks", "error"),
        Entry("django_q.success", "Successful tasks", "task_alt"),
        Entry("django_q.schedule", "Schedules", "schedule"),
    ),
    "People": (
        Entry("auth.user", "Users", "person"),
        Entry("auth.group", "Groups", "group"),
        Entry("knox.authtoken", "API tokens", "key"),
    ),
}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    dashboard = {
        "title": "Dashboard",
        "icon": "dashboard",
        "link": reverse("admin:index"),
    }
    sections = [
        {"title": title, "separator": True, "items": items}
        for title, entries in SECTIONS.items()
        if (items := list(visible(entries, request)))
    ]
    return [{"items": [dashboard]}, *sections]


def visible(
    entries: tuple[Entry, ...], request: HttpRequest
) -> Iterator[dict[str, Any]]:
    pages = registered()
    for label, title, icon in entries:
        if pages[label].has_view_or_change_permission(request):
            yield {"title": title, "icon": icon, "link": address(label)}


def registered() -> dict[str, Any]:
    return {
        model._meta.label_lower: page for model, page in admin.site._registry.items()
    }


def address(label: str) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_changelist")
