"""Versions of skills: never changed; they are read, yanked and put back."""

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display
from unfold.enums import ActionVariant

from core.admin import fields
from core.admin.base import FleetAdmin, Panel, Text, Verb, holds
from taxonomy.admin.bundle_files import FilesShown
from taxonomy.exceptions import VersionYanked
from taxonomy.models import Skill, SkillVersion
from taxonomy.models.version import MAX_REASON_CHARS
from taxonomy.permissions import PUBLISH_SKILLS, READ_SKILLS


class YankForm(forms.Form):
    reason = fields.line(max_length=MAX_REASON_CHARS, required=False)


def yank(version: SkillVersion, user: User, answers: dict[str, Any]) -> str:
    skill = version.skill
    skill.yank(version.number, answers["reason"])
    return f"{version} is yanked; {skill.name} is read from {skill.current}."


def put_back(version: SkillVersion, user: User, answers: dict[str, Any]) -> str:
    version.skill.put_back(version.number)
    return f"{version} can be had again."


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
        (
            "Origin",
            {
                "fields": (
                    ("author", "created_at"),
                    "yanked_at",
                    "yanked_reason",
                    "bundle_id",
                )
            },
        ),
    )
    readonly_fields = ("bundle_id",)

    verbs = (
        Verb(
            "yank",
            "Yank",
            yank,
            may=holds(PUBLISH_SKILLS),
            fits=lambda version: not version.yanked_at,
            form=lambda version: YankForm,
            intro="It is kept, and whoever asks for it is told the reason. If it is the"
            " current one, an older one is read from now on.",
            icon="block",
            variant=ActionVariant.DANGER,
        ),
        Verb(
            "put-back",
            "Put back",
            put_back,
            may=holds(PUBLISH_SKILLS),
            fits=lambda version: bool(version.yanked_at),
            intro="It can be had again; which version is current stays.",
            icon="undo",
        ),
    )

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
        """A yanked one is read by curators alone, as by the API."""
        if not request.user.has_perm(PUBLISH_SKILLS):
            try:
                row.require_offered()
            except VersionYanked as withdrawn:
                yield Panel("Files", lead=str(withdrawn))
                return
        yield FilesShown.of(row.bundle_id).panel()
        frontmatter = json.dumps(row.frontmatter, indent=2, ensure_ascii=False)
        yield Panel("Frontmatter", texts=[Text("As JSON", frontmatter)])
