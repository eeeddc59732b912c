"""The admin pages of categories and facets."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from unfold.decorators import display
from unfold.enums import ActionVariant

from core.admin import fields
from core.admin.base import FleetAdmin, Panel, Verb, holds, link_to
from taxonomy.admin.change_forms import ChangeForm, category_field, check_unchanged
from taxonomy.api.categories import MAX_POSITION
from taxonomy.models import Category, FacetDefinition, Skill
from taxonomy.models.address import MAX_NAME_CHARS, MAX_PATH_CHARS
from taxonomy.package import MAX_LABEL_CHARS
from taxonomy.permissions import (
    ADD_CATEGORIES,
    CHANGE_CATEGORIES,
    DELETE_CATEGORIES,
    READ_CATEGORIES,
)

SKILLS_SHOWN = 100


class CategoryForm(forms.Form):
    path = fields.line(
        max_length=MAX_PATH_CHARS,
        help_text="For example development/python. The category above must exist.",
    )
    name = fields.line(max_length=100, required=False)
    description = fields.paragraph(max_length=1024, required=False)
    position = fields.number(
        min_value=0,
        max_value=MAX_POSITION,
        required=False,
        help_text="Categories with lower numbers are shown first.",
    )

    def clean_position(self) -> int:
        return self.cleaned_data["position"] or 0


class MergeForm(forms.Form):
    into = category_field(
        help_text="It takes over everything in this category and below it."
    )


class CategoryChangeForm(ChangeForm, CategoryForm):
    name = fields.line(max_length=100)


def create(row: None, user: User, answers: dict[str, Any]) -> str:
    path = answers.pop("path")
    return f"{Category.objects.create_at(path, **answers)} was created."


def edit(category: Category, user: User, answers: dict[str, Any]) -> str:
    """Apply the form; return the message to show."""
    former = category.path
    with transaction.atomic():
        if "path" not in answers:  # a move locks more rows, in its own order
            Category.objects.lock(category)
        # If the row was deleted meanwhile, `revise` refuses the change.
        current = Category.objects.filter(pk=category.pk).first() or category
        check_unchanged(answers, category_values(current))
        category.revise(**answers)
    if category.path == former:
        return f"{category.path} was changed."
    return f"{former} was moved to {category.path}. The former path still resolves."


def remove(category: Category, user: User, answers: dict[str, Any]) -> str:
    path = category.path
    category.remove()
    return f"{path} was removed."


def merge(category: Category, user: User, answers: dict[str, Any]) -> str:
    former, into = category.path, answers["into"]
    category.merge_into(into)
    return f"{former} was merged into {into.path}. Its paths lead there."


def category_values(category: Category) -> dict[str, Any]:
    return {
        field: getattr(category, field)
        for field in ("path", "name", "description", "position")
    }


@admin.register(Category)
class CategoryAdmin(FleetAdmin):
    list_display = ("path", "name", "skills_here", "categories_below", "position")
    list_filter = (("parent", admin.RelatedOnlyFieldListFilter),)
    search_fields = ("path", "name", "description")
    fields = ("path", "name", "description", "parent", "position")
    adding = Verb(
        "add",
        "Add category",
        create,
        may=holds(ADD_CATEGORIES),
        form=CategoryForm,
    )
    verbs = (
        Verb(
            "edit",
            "Edit or move",
            edit,
            may=holds(CHANGE_CATEGORIES),
            form=CategoryChangeForm,
            initial=category_values,
            intro="A new path moves it with everything below it. The former paths still"
            " resolve.",
            icon="edit",
            variant=ActionVariant.PRIMARY,
        ),
        Verb(
            "merge",
            "Merge into another",
            merge,
            may=holds(CHANGE_CATEGORIES),
            form=MergeForm,
            intro="Its skills, subcategories and paths go there. Subcategories with the"
            " same name are merged.",
            icon="merge",
            variant=ActionVariant.WARNING,
            leaves=True,
        ),
        Verb(
            "remove",
            "Remove",
            remove,
            may=holds(DELETE_CATEGORIES),
            intro="Only an empty category can be removed. Move its skills and"
            " subcategories first.",
            icon="delete",
            variant=ActionVariant.DANGER,
            leaves=True,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        active = Q(skills__status=Skill.Status.ACTIVE)
        return (
            super()
            .get_queryset(request)
            .select_related("parent")
            .annotate(
                skill_count=Count("skills", filter=active, distinct=True),
                child_count=Count("children", distinct=True),
            )
        )

    @display(description="Active skills", ordering="skill_count")
    def skills_here(self, category: Any) -> int:
        return int(category.skill_count)

    @display(description="Subcategories", ordering="child_count")
    def categories_below(self, category: Any) -> int:
        return int(category.child_count)

    def panels(self, request: HttpRequest, row: Category) -> Iterable[Panel]:
        skills = Skill.objects.visible_to(request.user).filter(category=row)
        listed = list(skills.select_related("current")[: SKILLS_SHOWN + 1])
        yield Panel(
            "Skills",
            headers=("Name", "Version", "Status", "Description"),
            rows=[
                (link_to(skill), skill.current, skill.status, skill.description)
                for skill in listed[:SKILLS_SHOWN]
            ],
            empty="There is no skill directly in this category.",
            more="There are more. Search the list of skills."
            if len(listed) > SKILLS_SHOWN
            else "",
        )
        yield Panel(
            "Subcategories",
            headers=("Path", "Name", "Description"),
            rows=[
                (link_to(child), child.name, child.description)
                for child in row.children.all()
            ],
            empty="There are no subcategories.",
        )
        if former := row.aliases:
            yield Panel(
                "Former paths", headers=("Path",), rows=[(each,) for each in former]
            )


class FacetForm(forms.Form):
    description = fields.paragraph(max_length=1024, required=False)
    values = fields.lines(
        "SKILLFLEET_MAX_FACET_VALUES",
        MAX_LABEL_CHARS,
        help_text="One per line. Empty: any text is allowed.",
    )
    multiple = fields.flag(help_text="A skill may have several values.")


class FacetChangeForm(ChangeForm, FacetForm):
    """Fields that the user does not change keep concurrent changes."""


class NewFacetForm(FacetForm):
    name = fields.line(max_length=MAX_NAME_CHARS)
    field_order = ("name", "description", "values", "multiple")


def define_facet(row: None, user: User, answers: dict[str, Any]) -> str:
    return f"{FacetDefinition.objects.define(**answers)} was defined."


def edit_facet(facet: FacetDefinition, user: User, answers: dict[str, Any]) -> str:
    with transaction.atomic():
        locked = FacetDefinition.objects.select_for_update().filter(pk=facet.pk).first()
        check_unchanged(answers, facet_values(locked or facet))
        facet.revise(**answers)
    return f"{facet} was changed."


def remove_facet(facet: FacetDefinition, user: User, answers: dict[str, Any]) -> str:
    facet.remove()
    return f"{facet.name} was removed."


def facet_values(facet: FacetDefinition) -> dict[str, Any]:
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
        define_facet,
        may=holds(CHANGE_CATEGORIES),
        form=NewFacetForm,
    )
    verbs = (
        Verb(
            "edit",
            "Edit",
            edit_facet,
            may=holds(CHANGE_CATEGORIES),
            form=FacetChangeForm,
            initial=facet_values,
            intro="Values in use cannot be removed. Relabel those skills first.",
            icon="edit",
            variant=ActionVariant.PRIMARY,
        ),
        Verb(
            "remove",
            "Remove",
            remove_facet,
            may=holds(CHANGE_CATEGORIES),
            intro="Only a facet that no skill uses can be removed.",
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
