"""The cache: statistics, invalidation, and the hosts that use this database."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.decorators import display
from unfold.enums import ActionVariant

from cachelayer import cache_manager, manager
from cachelayer.models import CacheHost
from cachelayer.stats import headline, tables
from core.admin import fields
from core.admin.base import FleetAdmin, Panel, Row, Verb


class InvalidateForm(forms.Form):
    pattern = fields.line(
        required=False, help_text="/skills/*: that path and all below; /skills: itself."
    )
    key = fields.line(required=False, help_text="Or the key text of one entry.")

    def clean(self) -> dict[str, Any]:
        sent = super().clean() or {}
        if bool(sent.get("pattern")) == bool(sent.get("key")):
            raise forms.ValidationError("Give either a pattern or a key.")
        return sent


def may_operate(user: User, row: Row) -> bool:
    return user.has_perm(manager.OPERATE)


def invalidate(row: None, user: User, answers: dict[str, Any]) -> str:
    if answers["key"]:
        manager.invalidate_key(answers["key"], by=user)
        return f"{answers['key']} is invalidated."
    tag = manager.invalidate_pattern(answers["pattern"], by=user)
    return f"{tag} is invalidated."


def clear(row: None, user: User, answers: dict[str, Any]) -> str:
    manager.clear(by=user)
    return "The cache is cleared."


OPERATIONS = (
    Verb(
        "invalidate",
        "Invalidate",
        invalidate,
        may=may_operate,
        form=InvalidateForm,
        intro="Whatever it covers is computed again at the next request.",
    ),
    Verb(
        "clear",
        "Clear the cache",
        clear,
        may=may_operate,
        intro="Every response is computed again at the next request.",
        variant=ActionVariant.DANGER,
    ),
)


@admin.register(CacheHost)
class CacheAdmin(FleetAdmin):
    """One page: statistics and buttons above the list of hosts."""

    seen_with = (manager.OPERATE,)
    list_display = ("host", "host_id", "is_live", "seen_at")
    list_before_template = "skillfleet/admin/cache.html"
    ordering = ("-seen_at",)
    fields = (("host", "host_id"), "is_live", "seen_at")
    readonly_fields = ("is_live",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CacheHost]:
        live = Exists(CacheHost.objects.live().filter(pk=OuterRef("pk")))
        return super().get_queryset(request).annotate(live=live)

    @display(description="Live", boolean=True)
    def is_live(self, host: Any) -> bool:
        return bool(host.live)

    def get_urls(self) -> list[URLPattern]:
        page = path(
            "do/<slug:name>/",
            self.admin_site.admin_view(self.operation_page),
            name=self.url_name("operation"),
        )
        return [page, *super().get_urls()]

    def operation_page(self, request: HttpRequest, name: str) -> Any:
        verb = next((verb for verb in OPERATIONS if verb.name == name), None)
        if verb is None:
            raise Http404(f"There is no operation {name}.")
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.run(request, verb, None, self.url("changelist"))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        stats, user = cache_manager.get_stats(), request.user
        context = {
            "title": "Cache",
            "headline": headline(stats),
            "warnings": stats["warnings"],
            "panels": list(panels(stats)),
            "operations": [
                (verb, self.url("operation", verb.name))
                for verb in OPERATIONS
                if verb.may(user, None)  # type: ignore[arg-type]
            ],
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})


def panels(stats: dict[str, Any]) -> Iterator[Panel]:
    for title, headers, rows in tables(stats):
        empty = "Nothing is counted yet."
        yield Panel(title, headers=headers, rows=rows, empty=empty, figures=True)
