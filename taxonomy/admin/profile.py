"""The admin pages of profiles: one's own, or everyone's for operators."""

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
        help_text="Categories that are listed first, one path per line.",
    )
    hidden = fields.paragraph(
        required=False,
        max_length=MAX_CHARS,
        help_text="Categories that are hidden with all below them, one path per line.",
    )
    priorities = fields.paragraph(
        required=False,
        max_length=MAX_CHARS,
        help_text="One path and number per line: operations 8. The highest is 10.",
    )

    def clean_mounted(self) -> list[str]:
        return str(self.cleaned_data["mounted"]).split()

    def clean_hidden(self) -> list[str]:
        return str(self.cleaned_data["hidden"]).split()

    def clean_priorities(self) -> dict[str, int]:
        priorities = {}
        for line in str(self.cleaned_data["priorities"]).splitlines():
            if not line.strip():
                continue
            match = PRIORITY.fullmatch(line.strip())
            if not match or not 1 <= int(match["number"]) <= HIGHEST_PRIORITY:
                raise forms.ValidationError(
                    f"{line.strip()[:80]!r}: write a path and a number from 1 to 10."
                )
            priorities[match["path"]] = int(match["number"])
        return priorities


class ProfileChangeForm(ChangeForm, ProfileForm):
    """Changes only the fields that the user changed."""


def create(row: None, user: User, answers: dict[str, Any]) -> str:
    Profile.objects.revise(user, **answers)
    return f"The profile of {user} was created."


def change(profile: Profile, user: User, answers: dict[str, Any]) -> str:
    with transaction.atomic():
        owner = User.objects.select_for_update(no_key=True).get(pk=profile.pk)
        check_unchanged(answers, profile_values(Profile.objects.of(owner.pk)))
        Profile.objects.revise(owner, **answers)
    return f"The profile of {owner} was changed."


def adapt_now(profile: Profile, user: User, answers: dict[str, Any]) -> str:
    _, changes = adapt(profile.user)
    if not changes:
        return "The person's usage suggests no change to the profile."
    words = [
        f"{each.category} {each.former or 0} → {each.priority}" for each in changes
    ]
    return f"Priorities changed: {', '.join(words)}."


def may_change_profile(user: User, profile: Any) -> bool:
    return user.pk == profile.pk or may_change(user, profile.user)


def reads_skills(user: User, row: Any) -> bool:
    return user.has_perm(READ_SKILLS)


def profile_values(profile: Profile) -> dict[str, Any]:
    current = profile.with_current_paths()
    return {
        "experience": current.experience,
        "mounted": "\n".join(current.mounted),
        "hidden": "\n".join(current.hidden),
        "priorities": "\n".join(
            f"{path} {n}" for path, n in current.priorities.items()
        ),
    }


@admin.register(Profile)
class ProfileAdmin(FleetAdmin):
    seen_with = (READ_SKILLS,)
    list_display = ("user", "experience", "mounted_paths", "hidden_paths", "updated_at")
    list_filter = ("experience",)
    list_select_related = ("user",)
    search_fields = ("user__username",)
    fields = (("user", "experience"), "mounted", "hidden", "priorities", "updated_at")
    adding = Verb(
        "add",
        "Create my profile",
        create,
        may=reads_skills,
        form=ProfileForm,
        intro="It decides which skills you and your agents see first, or not at all.",
    )
    verbs = (
        Verb(
            "tell",
            "Change",
            change,
            may=may_change_profile,
            form=ProfileChangeForm,
            initial=profile_values,
            icon="edit",
            variant=ActionVariant.PRIMARY,
        ),
        Verb(
            "adapt",
            "Adapt to usage",
            adapt_now,
            may=may_change_profile,
            intro="The categories whose skills are used most get the highest"
            " priorities. Other priorities are kept.",
            icon="auto_awesome",
        ),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Everyone has at most one profile."""
        existing = Profile.objects.filter(pk=request.user.pk)
        return self.has_view_permission(request) and not existing.exists()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Profile]:
        profiles = super().get_queryset(request)
        if request.user.has_perm(VIEW_USERS):
            return profiles
        return profiles.filter(pk=request.user.pk)

    @admin.display(description="Mounted")
    def mounted_paths(self, profile: Profile) -> str:
        return ", ".join(profile.mounted)

    @admin.display(description="Hidden")
    def hidden_paths(self, profile: Profile) -> str:
        return ", ".join(profile.hidden)
