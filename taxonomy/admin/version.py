"""Versions of skills: never changed, so only ever read."""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from taxonomy.admin.base import FleetAdmin
from taxonomy.admin.panels import FilesShown, Panel, Text
from taxonomy.models import Skill, SkillVersion
from taxonomy.permissions import READ_SKILLS


@admin.register(SkillVersion)
class SkillVersionAdmin(FleetAdmin):
    seen_with = (READ_SKILLS,)
    list_display = ("skill", "number", "is_shown", "author", "created_at", "yanked_at")
    list_filter = (("yanked_at", admin.EmptyFieldListFilter),)
    list_display_links = ("skill", "number")
    search_fields = ("skill__name", "number", "change_summary")
    date_hierarchy = "created_at"
    fieldsets = (
        (None, {"fields": (("skill", "number"), "change_summary")}),
        ("Origin", {"fields": (("author", "created_at"), "yanked_at", "bundle_id")}),
    )
    readonly_fields = ("bundle_id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SkillVersion]:
        """Of the skills that the person may see."""
        seen = Skill.objects.visible_to(request.user)
        versions = super().get_queryset(request).filter(skill__in=seen)
        return versions.select_related("skill", "author").defer("body")

    @admin.display(description="Content digest")
    def bundle_id(self, version: SkillVersion) -> str:
        return version.bundle_id

    @display(description="Current", boolean=True)
    def is_shown(self, version: SkillVersion) -> bool:
        return version.is_current

    def label_of(self, row: Any) -> str:
        return f"{row.skill} {row.number}"

    def panels(self, request: HttpRequest, row: SkillVersion) -> Iterable[Panel]:
        yield FilesShown.of(row.bundle_id).panel()
        frontmatter = json.dumps(row.frontmatter, indent=2, ensure_ascii=False)
        yield Panel("Frontmatter", texts=[Text("As JSON", frontmatter)])
