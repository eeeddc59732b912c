"""Form fields with the widgets of the admin's theme."""

from typing import Any

from django import forms
from django.conf import settings
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)


def line(**options: Any) -> forms.CharField:
    return forms.CharField(widget=UnfoldAdminTextInputWidget(), **options)


def paragraph(rows: int = 4, **options: Any) -> forms.CharField:
    widget = UnfoldAdminTextareaWidget(attrs={"rows": rows})
    return forms.CharField(widget=widget, **options)


class LinesField(forms.CharField):
    """A list, one item in each line.

    `most` names the setting that limits the lines; `longest` limits their characters.
    """

    def __init__(self, most: str, longest: int, **options: Any) -> None:
        self.most = most
        self.longest = longest
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        """The items without blank edges, each once, in the order given."""
        items = items_of(super().clean(value))
        most = getattr(settings, self.most)
        if len(items) > most:
            raise forms.ValidationError(f"{len(items)} lines; at most {most}.")
        for item in items:
            if len(item) > self.longest:
                raise forms.ValidationError(
                    f"{item[:40]}… has more than {self.longest} characters."
                )
        return items

    def has_changed(self, initial: Any, data: Any) -> bool:
        return items_of(initial) != items_of(data)


def items_of(text: Any) -> list[str]:
    lines = (line.strip() for line in str(text or "").splitlines())
    return list(dict.fromkeys(line for line in lines if line))


def lines(most: str, longest: int, rows: int = 4, **options: Any) -> LinesField:
    widget = UnfoldAdminTextareaWidget(attrs={"rows": rows})
    return LinesField(most, longest, widget=widget, required=False, **options)


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
