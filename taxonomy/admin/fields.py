"""Form fields in the theme's dress."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from taxonomy.models import Category


def line(**options: Any) -> forms.CharField:
    return forms.CharField(widget=UnfoldAdminTextInputWidget(), **options)


def paragraph(rows: int = 4, **options: Any) -> forms.CharField:
    widget = UnfoldAdminTextareaWidget(attrs={"rows": rows})
    return forms.CharField(widget=widget, **options)


def number(**options: Any) -> forms.IntegerField:
    return forms.IntegerField(widget=UnfoldAdminIntegerFieldWidget(), **options)


def flag(**options: Any) -> forms.BooleanField:
    return forms.BooleanField(
        required=False, widget=UnfoldBooleanSwitchWidget(), **options
    )


def one_of(choices: Any, **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=choices, widget=UnfoldAdminSelectWidget(), **options
    )


def radio(choices: Any, **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=choices, widget=UnfoldAdminRadioSelectWidget(), **options
    )


def checkboxes(choices: Any, **options: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        choices=choices, widget=UnfoldAdminCheckboxSelectMultipleWidget(), **options
    )


def category(**options: Any) -> "forms.ModelChoiceField[Category]":
    """A category; its path is what is sent."""
    return forms.ModelChoiceField(
        queryset=Category.objects.all(),
        to_field_name="path",
        widget=UnfoldAdminSelectWidget(),
        **options,
    )
