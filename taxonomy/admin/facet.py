"""Facets: what they are called, and which values labels of them may have."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from unfold.decorators import display
from unfold.enums import ActionVariant

from core.admin import fields
from core.admin.base import FleetAdmin, Verb, holds
from taxonomy.admin.changes import ChangeForm, check_unchanged
from taxonomy.models import FacetDefinition
from taxonomy.models.address import MAX_NAME_CHARS
from taxonomy.package import MAX_LABEL_CHARS
from taxonomy.permissions import CHANGE_CATEGORIES, READ_CATEGORIES


class FacetForm(forms.Form):
    description = fields.paragraph(max_length=1024, required=False)
    values = fields.lines(
        "SKILLFLEET_MAX_FACET_VALUES",
        MAX_LABEL_CHARS,
        help_text="One in each line; none: any text.",
    )
    multiple = fields.flag(help_text="Whether one skill may have several values.")


class FacetChangeForm(ChangeForm, FacetForm):
    """What was left alone stays as somebody else may have made it."""


class NewFacetForm(FacetForm):
    name = fields.line(max_length=MAX_NAME_CHARS)
    field_order = ("name", "description", "values", "multiple")


def define(row: None, user: User, answers: dict[str, Any]) -> str:
    return f"{FacetDefinition.objects.define(**answers)} is defined."


def edit(facet: FacetDefinition, user: User, answers: dict[str, Any]) -> str:
    with transaction.atomic():
        held = FacetDefinition.objects.select_for_update().filter(pk=facet.pk).first()
        check_unchanged(answers, as_it_is(held or facet))
        facet.revise(**answers)
    return f"{facet} is changed."


def remove(facet: FacetDefinition, user: User, answers: dict[str, Any]) -> str:
    facet.remove()
    return f"{facet.name} is removed."


def as_it_is(facet: FacetDefinition) -> dict[str, Any]:
    return {
        "description": facet.description,
        "values": "\n".join(facet.values),
        "multiple": facet.multiple,
    }


@admin.register(FacetDefinition)
class FacetAdmin(FleetAdmin):
    seen_with = (READ_CATEGORIES,)
    list_display = ("name", "listed", "multiple", "description")
    search_fields = ("name", "description")
    fields = ("name", "description", "listed", "multiple")
    readonly_fields = ("listed",)
    adding = Verb(
        "add",
        "Define a facet",
        define,
        may=holds(CHANGE_CATEGORIES),
        form=lambda row: NewFacetForm,
    )
    verbs = (
        Verb(
            "edit",
            "Edit",
            edit,
            may=holds(CHANGE_CATEGORIES),
            form=lambda row: FacetChangeForm,
            initial=as_it_is,
            intro="What skills have stays allowed: relabel them first.",
            icon="edit",
            variant=ActionVariant.PRIMARY,
        ),
        Verb(
            "remove",
            "Remove",
            remove,
            may=holds(CHANGE_CATEGORIES),
            intro="Only a facet that no skill has a value of.",
            icon="delete",
            variant=ActionVariant.DANGER,
            leaves=True,
        ),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(CHANGE_CATEGORIES)

    @display(description="Values")
    def listed(self, facet: FacetDefinition) -> str:
        return ", ".join(facet.values) or "any text"
