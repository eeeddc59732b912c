"""Object pages of verbs: a form, the verb that the API calls too, and its refusals."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.enums import ActionVariant

from taxonomy.admin.changes import MEANWHILE, FormOverRow
from taxonomy.admin.panels import Panel
from taxonomy.exceptions import TaxonomyError

Row = Any
Answers = dict[str, Any]


def always(row: Row) -> bool:
    return True


def nothing_to_show(row: Row) -> Iterable[Panel]:
    return ()


def no_fields(row: Row) -> type[forms.Form]:
    return forms.Form


def same_row(row: Row) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Verb:
    """One thing that can be done to a row, and the form that asks how.

    `perform(row, user, answers)` says what it did; what it refuses it raises.
    """

    name: str
    label: str
    perform: Callable[[Row, User, Answers], str]
    may: Callable[[User, Row], bool]
    """The right to it; without it the page is a 403."""
    fits: Callable[[Row], bool] = always
    """Whether the row's state allows it: the button shows then."""
    form: Callable[[Row], type[forms.Form]] = no_fields
    initial: Callable[[Row], dict[str, Any]] = same_row
    shows: Callable[[Row], Iterable[Panel]] = nothing_to_show
    picks: str = ""
    """A field that the page's address may fill in, as links beside a row do."""
    intro: str = ""
    icon: str = "play_arrow"
    variant: ActionVariant = ActionVariant.DEFAULT
    leaves: bool = False
    """The row is gone afterwards."""


class VerbAdmin(ModelAdmin):
    """Rows are read-only here; each of `verbs` has a button and a page."""

    verbs: ClassVar[tuple[Verb, ...]] = ()
    adding: ClassVar[Verb | None] = None
    """The verb that makes a row; it gets None for one."""
    refusals: ClassVar[tuple[type[Exception], ...]] = (TaxonomyError,)
    """What verbs raise for a person to read; `fields` names findings by field."""

    def get_urls(self) -> list[URLPattern]:
        page = path(
            "<path:object_id>/do/<slug:name>/",
            self.admin_site.admin_view(self.verb_page),
            name=self.url_name("verb"),
        )
        return [page, *super().get_urls()]

    def url_name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def url(self, page: str, *args: object) -> str:
        return reverse(f"{self.admin_site.name}:{self.url_name(page)}", args=args)

    def key_of(self, row: Row) -> str:
        """How the row is named in addresses, as the admin quotes it: `_25` is `%`."""
        return quote(row.pk)

    def label_of(self, row: Row) -> str:
        return str(row)

    def offered(self, user: User, row: Row) -> list[Verb]:
        return [verb for verb in self.verbs if verb.may(user, row) and verb.fits(row)]

    def buttons(self, user: User, row: Row) -> list[dict[str, Any]]:
        """The verbs as the theme's bar of actions wants them."""
        return [
            {
                "title": verb.label,
                "icon": verb.icon,
                "variant": verb.variant,
                "path": self.url("verb", self.key_of(row), verb.name),
            }
            for verb in self.offered(user, row)
        ]

    def way_to(self, name: str, user: User, row: Row) -> str:
        """The page of the verb; empty where it is not offered."""
        names = {verb.name for verb in self.offered(user, row)}
        return self.url("verb", self.key_of(row), name) if name in names else ""

    def verb_page(self, request: HttpRequest, object_id: str, name: str) -> Any:
        verb = next((verb for verb in self.verbs if verb.name == name), None)
        row = self.get_object(request, unquote(object_id)) if verb else None
        if verb is None or row is None:
            raise Http404(f"There is no {self.opts.verbose_name} {object_id}.")
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return self.run(request, verb, row, self.url("change", self.key_of(row)))

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        if self.adding is None or not self.has_add_permission(request):
            raise PermissionDenied
        return self.run(request, self.adding, None, self.url("changelist"))

    def run(self, request: HttpRequest, verb: Verb, row: Row, back: str) -> Any:
        """Show the verb's form; on POST perform it, and go back when it did."""
        user: User = request.user  # type: ignore[assignment]
        if not verb.may(user, row):
            raise PermissionDenied
        if not verb.fits(row):
            messages.warning(request, f"{verb.label}: not in this state.")
            return HttpResponseRedirect(back)
        sent = request.POST if request.method == "POST" else None
        form = verb.form(row)(
            sent, initial={**verb.initial(row), **picked(request, verb)}
        )
        if sent is not None and form.is_valid():
            done = self.perform(request, verb, row, form)
            if done is not None:
                return HttpResponseRedirect(
                    self.url("changelist") if verb.leaves else back
                )
        return self.verb_response(request, verb, row, form, back)

    def perform(
        self, request: HttpRequest, verb: Verb, row: Row, form: forms.Form
    ) -> str | None:
        """What the verb says it did; None when it refused: the form then says why."""
        user: User = request.user  # type: ignore[assignment]
        try:
            # No transaction around it: verbs have their own, and scan before that.
            done = verb.perform(row, user, form.cleaned_data)
        except self.refusals as refusal:
            add_refusal(form, refusal)
            if isinstance(refusal, MEANWHILE) and isinstance(form, FormOverRow):
                row.refresh_from_db()
                form.rebase(verb.initial(row))
            return None
        self.remember(request, verb, row)
        messages.success(request, done)
        return done

    def remember(self, request: HttpRequest, verb: Verb, row: Row) -> None:
        """Keep it in the admin's own history."""
        if row is not None and not verb.leaves:
            self.log_change(request, row, verb.label)

    def verb_response(
        self, request: HttpRequest, verb: Verb, row: Row, form: forms.Form, back: str
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": self.label_of(row) if row is not None else "",
            "title": verb.label,
            "subtitle": self.label_of(row) if row is not None else None,
            "verb": verb,
            "form": form,
            "panels": list(verb.shows(row)),
            "back": back,
            "media": self.media,
        }
        return TemplateResponse(request, "taxonomy/admin/verb.html", context)


def picked(request: HttpRequest, verb: Verb) -> dict[str, Any]:
    found = request.GET.getlist(verb.picks)
    return {verb.picks: found if len(found) > 1 else found[0]} if found else {}


def add_refusal(form: forms.Form, refusal: Exception) -> None:
    """Findings beside their fields; the rest, each with its name, above the form."""
    fields: dict[str, list[str]] = dict(getattr(refusal, "fields", {}))
    for name, findings in fields.items():
        if name in form.fields:
            form.add_error(name, findings)
        else:
            form.add_error(None, [f"{name}: {finding}" for finding in findings])
    if not fields:
        form.add_error(None, str(refusal))
