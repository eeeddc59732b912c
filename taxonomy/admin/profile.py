"""Profiles: one's own, and everyone's for operators; told, and adapted."""

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.enums import ActionVariant

from core.admin import fields
from core.admin.base import FleetAdmin, Verb
from core.users import VIEW_USERS, may_change
from taxonomy.admin.change_forms import ChangeForm, check_unchanged
from taxonomy.models import Profile
from taxonomy.models.profile import HIGHEST_PRIORITY
from taxonomy.permissions import READ_SKILLS
from taxonomy.profiles import adapt

MAX_CHARS = 20_000
PRIORITY = re.compile(r"(?P<path>[^\s:=]+)\s*[:=\s]\s*(?P<number>\d{1,2})")


class ProfileForm(forms.Form):
    experience = fields.one_of(Profile.Experience.choices)
    mounted = fields.paragraph(
        required=False,
        max_length=MAX_CHARS,
        help_text="Categories that come first: a path on each line.",
    )
    hidden = fields.paragraph(
        required=False,
        max_length=MAX_CHARS,
        help_text="Categories that are not shown, with all below them.",
    )
    priorities = fields.paragraph(
        required=False,
        max_length=MAX_CHARS,
        help_text="A path and a number on each line: operations 8. 10 comes first.",
    )

    def clean_mounted(self) -> list[str]:
        return str(self.cleaned_data["mounted"]).split()

    def clean_hidden(self) -> list[str]:
        return str(self.cleaned_data["hidden"]).split()

    def clean_priorities(self) -> dict[str, int]:
        found = {}
        for line in str(self.cleaned_data["priorities"]).splitlines():
            if not line.strip():
                continue
            match = PRIORITY.fullmatch(line.strip())
            if not match or not 1 <= int(match["number"]) <= HIGHEST_PRIORITY:
                raise forms.ValidationError(
                    f"{line.strip()[:80]!r}: write a path and a number from 1 to 10."
                )
            found[match["path"]] = int(match["number"])
        return found


class ProfileChangeForm(ChangeForm, ProfileForm):
    """What was left alone is not told anew."""


def tell(row: None, user: User, answers: dict[str, Any]) -> str:
    Profile.objects.revise(user, **answers)
    return f"The profile of {user} is as you said."


def tell_anew(profile: Profile, user: User, answers: dict[str, Any]) -> str:
    with transaction.atomic():
        owner = User.objects.select_for_update(no_key=True).get(pk=profile.pk)
        check_unchanged(answers, as_told(Profile.objects.of(owner.pk)))
        Profile.objects.revise(owner, **answers)
    return f"The profile of {owner} is as you said."


def adapt_now(profile: Profile, user: User, answers: dict[str, Any]) -> str:
    _, changes = adapt(profile.user)
    if not changes:
        return "Usage speaks for no change."
    words = [
        f"{each.category} {each.former or 0} → {each.priority}" for each in changes
    ]
    return f"Changed by usage: {', '.join(words)}."


def may_tell(user: User, profile: Any) -> bool:
    return user.pk == profile.pk or may_change(user, profile.user)


def reads_skills(user: User, row: Any) -> bool:
    return user.has_perm(READ_SKILLS)


def as_told(profile: Profile) -> dict[str, Any]:
    today = profile.as_of_today()
    return {
        "experience": today.experience,
        "mounted": "\n".join(today.mounted),
        "hidden": "\n".join(today.hidden),
        "priorities": "\n".join(f"{path} {n}" for path, n in today.priorities.items()),
    }


@admin.register(Profile)
class ProfileAdmin(FleetAdmin):
    seen_with = (READ_SKILLS,)
    list_display = ("user", "experience", "comes_first", "is_hidden", "updated_at")
    list_filter = ("experience",)
    list_select_related = ("user",)
    search_fields = ("user__username",)
    fields = (("user", "experience"), "mounted", "hidden", "priorities", "updated_at")
    adding = Verb(
        "add",
        "Tell my profile",
        tell,
        may=reads_skills,
        form=lambda row: ProfileForm,
        intro="It decides what you and your agents are shown, and what comes first.",
    )
    verbs = (
        Verb(
            "tell",
            "Change",
            tell_anew,
            may=may_tell,
            form=lambda row: ProfileChangeForm,
            initial=as_told,
            icon="edit",
            variant=ActionVariant.PRIMARY,
        ),
        Verb(
            "adapt",
            "Adapt to usage",
            adapt_now,
            may=may_tell,
            intro="The categories whose skills are used most get the highest"
            " priorities; nothing is taken away.",
            icon="auto_awesome",
        ),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """One has one profile."""
        told = Profile.objects.filter(pk=request.user.pk)
        return self.has_view_permission(request) and not told.exists()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Profile]:
        profiles = super().get_queryset(request)
        if request.user.has_perm(VIEW_USERS):
            return profiles
        return profiles.filter(pk=request.user.pk)

    @admin.display(description="Mounted")
    def comes_first(self, profile: Profile) -> str:
        return ", ".join(profile.mounted)

    @admin.display(description="Hidden")
    def is_hidden(self, profile: Profile) -> str:
        return ", ".join(profile.hidden)
