"""The admin page of usage: the figures of `GET /analytics` above the events."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from core.admin.base import FleetAdmin, Panel
from taxonomy.models import Skill, UsageCount, UsageEvent
from taxonomy.permissions import READ_ANALYTICS, audience_of
from taxonomy.usage import TOTALS, analytics, first_day

DAYS = 30
SHOWN = 20
COUNTS = ("uses", "succeeded", "failed", "read", "installed", "people")


@admin.register(UsageEvent)
class UsageAdmin(FleetAdmin):
    """Events without the names of the people who reported them."""

    seen_with = (READ_ANALYTICS,)
    list_display = ("at", "skill", "kind", "client")
    list_filter = ("kind",)
    list_select_related = ("skill",)
    list_before_template = "taxonomy/admin/usage.html"
    search_fields = ("skill__name", "client", "task")
    date_hierarchy = "at"
    fields = (("skill", "kind"), ("at", "received_at"), "client", "task")

    def get_queryset(self, request: HttpRequest) -> Any:
        visible = Skill.objects.visible_to(request.user)
        return super().get_queryset(request).filter(skill__in=visible)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        result = analytics(
            Skill.objects.visible_as(audience_of(request.user)), DAYS, SHOWN
        )
        context = {"title": "Usage", "days": DAYS, "panels": list(panels(result))}
        return super().changelist_view(request, {**context, **(extra_context or {})})


def panels(result: dict[str, Any]) -> Iterator[Panel]:
    yield usage_panel("Totals", "", [{**result["totals"], "": "Everything"}])
    yield usage_panel(
        "Skills", "Name", [named(row, "name") for row in result["skills"]]
    )
    yield usage_panel(
        "Categories", "Path", [named(row, "path") for row in result["categories"]]
    )
    yield usage_panel("Days", "Day", [named(row, "day") for row in result["by_day"]])
    unused = result["unused"]
    yield Panel(
        "Unused skills",
        headers=("Name",),
        rows=[(name,) for name in unused["oldest"]],
        empty="Every active skill was read, installed or used.",
        more=f"{unused['count']} in all. The oldest come first."
        if unused["count"]
        else "",
    )


def usage_of(skill: Skill) -> Panel:
    """The usage of one skill, for its page."""
    counts = UsageCount.objects.since(first_day(DAYS)).filter(skill=skill)
    totals = counts.aggregate(**TOTALS)
    return usage_panel(f"Usage in {DAYS} days", "", [{**totals, "": "Total"}])


def named(row: dict[str, Any], field: str) -> dict[str, Any]:
    return {**row, "": row[field]}


def usage_panel(
    title: str, first_heading: str, rows: Iterable[dict[str, Any]]
) -> Panel:
    """A table of usage counts.

    Each row is a dict of counts; its key "" has the row's label.
    """
    return Panel(
        title,
        headers=(first_heading, *(count.capitalize() for count in COUNTS)),
        rows=[(row[""], *(row.get(count) for count in COUNTS)) for row in rows],
        figures=True,
    )
