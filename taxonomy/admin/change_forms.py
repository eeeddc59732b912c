"""Forms that change what is there: each carries what it was made from."""

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
"""By field, as `Verb.initial` gives them."""


class ChangeForm(RebasedForm):
    """Its answers are the fields that were changed, and under MADE_FROM what those
    were before. What was left alone takes today's value, whatever was sent."""

    made_from = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, initial: Values) -> None:
        super().__init__(data, initial={**initial, MADE_FROM: self._as_said(initial)})
        if self.is_bound:
            today = self._own(initial)
            self.former: Values | None = former_values(self.data, today)
            former = self.former or today
            self.touched = self._touched(former)
            self._rest_on(today, {name: former[name] for name in self.touched})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.former is None:
            raise forms.ValidationError("What the form was made from is gone: reload.")
        kept = {name: cleaned[name] for name in self.touched if name in cleaned}
        return kept | {MADE_FROM: {name: self.former[name] for name in kept}}

    def rebase(self, today: Values) -> None:
        self._rest_on(today, {})

    def _own(self, values: Values) -> dict[str, Any]:
        names = self.base_fields.keys() - {MADE_FROM}
        return {name: values.get(name) for name in names}

    def _as_said(self, values: Values) -> str:
        return json.dumps(self._own(values), sort_keys=True)

    def _touched(self, former: Values) -> list[str]:
        return [
            name
            for name, value in former.items()
            if self.fields[name].has_changed(unix(value), unix(self[name].data))
        ]

    def _rest_on(self, today: Values, former: Values) -> None:
        """Fields that nobody touched have today's values, and are made from them."""
        self.data = self.data.copy()
        if self.former is not None:
            self.data[MADE_FROM] = self._as_said({**today, **former})
        for name in self.fields.keys() - {MADE_FROM, *self.touched}:
            self.data.pop(name, None)
            value = today.get(name)
            if value is not None and value is not False:  # an empty box is not sent
                self.data[name] = str(value)


def former_values(sent: Mapping[str, Any], today: Values) -> Values | None:
    """What the form was made from; a form that does not say was made just now.

    None: that is not what a page wrote there.
    """
    said = sent.get(MADE_FROM)
    try:
        former = json.loads(said) if said else {}
    except (ValueError, RecursionError):
        return None
    if not isinstance(former, dict):
        return None
    return {name: former.get(name, value) for name, value in today.items()}


def unix(value: Any) -> Any:
    """Browsers send line ends as CRLF."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def check_unchanged(answers: dict[str, Any], today: Values) -> None:
    """Take MADE_FROM out of the answers; raises ChangedMeanwhile where it is not what
    is there today. The caller holds the row."""
    made_from = answers.pop(MADE_FROM)
    changed = {
        name: f"Somebody else made it {today[name] or 'empty'!s:.200} meanwhile. Yours"
        " is kept here: send it again to have it instead."
        for name, value in made_from.items()
        if value != today[name]
    }
    if changed:
        raise ChangedMeanwhile(**changed)


def changed_lines(former: Any, wanted: list[str]) -> tuple[set[str], set[str]]:
    """What was added to the lines of a text, and what was taken out of them."""
    before, after = set(items_of(former)), set(wanted)
    return after - before, before - after


def category_field(**options: Any) -> "forms.ModelChoiceField[Category]":
    """A category; its path is what is sent."""
    return forms.ModelChoiceField(
        queryset=Category.objects.all(),
        to_field_name="path",
        widget=UnfoldAdminSelectWidget(),
        **options,
    )
