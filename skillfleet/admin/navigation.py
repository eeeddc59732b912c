"""The sidebar: the admin's pages by room, those that a person may see."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse


class Entry(NamedTuple):
    label: str
    """The model, as Django names it."""
    title: str
    icon: str


ROOMS = {
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
        Entry("cachelayer.plane", "Cache", "cached"),
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
    rooms = [
        {"title": title, "separator": True, "items": items}
        for title, entries in ROOMS.items()
        if (items := list(visible(entries, request)))
    ]
    return [{"items": [dashboard]}, *rooms]


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
