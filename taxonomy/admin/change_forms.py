"""Forms that change existing rows and detect concurrent changes (an optimistic lock).

Each form carries the values that it was made from in a hidden field.
"""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from core.admin.base import RebasedForm
from core.admin.fields import items_of
from taxonomy.exceptions import ChangedMeanwhile
from taxonomy.models import Category

MADE_FROM = "made_from"

Values = Mapping[str, Any]
"""Values by field, as `Verb.initial` returns them."""


class ChangeForm(RebasedForm):
    """Its cleaned data has only the fields that the user changed, and their former
    values.

    The former values are under MADE_FROM. Other fields get their current values.
    """

    made_from = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, initial: Values) -> None:
        super().__init__(data, initial={**initial, MADE_FROM: self._as_json(initial)})
        if self.is_bound:
            current = self._own(initial)
            self.former: Values | None = former_values(self.data, current)
            former = self.former or current
            self.changed = self._changed(former)
            self._update(current, {name: former[name] for name in self.changed})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.former is None:
            raise forms.ValidationError("The form is out of date. Reload the page.")
        changes = {name: cleaned[name] for name in self.changed if name in cleaned}
        return changes | {MADE_FROM: {name: self.former[name] for name in changes}}

    def rebase(self, current: Values) -> None:
        self._update(current, {})

    def _own(self, values: Values) -> dict[str, Any]:
        names = self.base_fields.keys() - {MADE_FROM}
        return {name: values.get(name) for name in names}

    def _as_json(self, values: Values) -> str:
        return json.dumps(self._own(values), sort_keys=True)

    def _changed(self, former: Values) -> list[str]:
        return [
            name
            for name, value in former.items()
            if self.fields[name].has_changed(
                unix_lines(value), unix_lines(self[name].data)
            )
        ]

    def _update(self, current: Values, former: Values) -> None:
        """Set unchanged fields to their current values, and record those as former."""
        self.data = self.data.copy()
        if self.former is not None:
            self.data[MADE_FROM] = self._as_json({**current, **former})
        for name in self.fields.keys() - {MADE_FROM, *self.changed}:
            self.data.pop(name, None)
            value = current.get(name)
            if (
                value is not None and value is not False
            ):  # browsers omit an unchecked box
                self.data[name] = str(value)


def former_values(sent: Mapping[str, Any], current: Values) -> Values | None:
    """The values that the form was made from; without MADE_FROM the current ones.

    None: MADE_FROM is invalid.
    """
    text = sent.get(MADE_FROM)
    try:
        former = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return None
    if not isinstance(former, dict):
        return None
    return {name: former.get(name, value) for name, value in current.items()}


def unix_lines(value: Any) -> Any:
    """Convert CRLF, which browsers send, to LF."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def check_unchanged(answers: dict[str, Any], current: Values) -> None:
    """Remove MADE_FROM from the answers; raise ChangedMeanwhile if it is out of date.

    The caller has locked the row.
    """
    made_from = answers.pop(MADE_FROM)
    changed = {
        name: f"Somebody else has changed it to {current[name] or 'empty'!s:.200}."
        " Your value is kept in the form. Send it again to replace theirs."
        for name, value in made_from.items()
        if value != current[name]
    }
    if changed:
        raise ChangedMeanwhile(**changed)


def changed_lines(former: Any, lines: list[str]) -> tuple[set[str], set[str]]:
    """The lines that were added to a text, and the lines that were removed."""
    before, after = set(items_of(former)), set(lines)
    return after - before, before - after


def category_field(**options: Any) -> "forms.ModelChoiceField[Category]":
    """A choice of a category, by its path."""
    return forms.ModelChoiceField(
        queryset=Category.objects.all(),
        to_field_name="path",
        widget=UnfoldAdminSelectWidget(),
        **options,
    )
