"""Base classes of the admin: lists, read-only pages, and a form for each verb."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.contrib.admin.views.main import ERROR_FLAG
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.enums import ActionVariant

from core.errors import DomainError

MAX_CHARS = 200_000
"""Longer texts are cut, because browsers cannot scroll them well."""


@dataclass(frozen=True)
class Text:
    """A text that a page shows folded or unfolded; the template escapes it."""

    title: str
    text: str
    note: str = ""
    unfolded: bool = False

    @property
    def beginning(self) -> str:
        return self.text[:MAX_CHARS]

    @property
    def cut(self) -> int:
        """How many characters `beginning` leaves out."""
        return max(0, len(self.text) - MAX_CHARS)


@dataclass(frozen=True)
class Panel:
    """A titled box: a paragraph, a table, texts, or all of them."""

    title: str
    lead: str = ""
    headers: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    texts: Sequence[Text] = ()
    empty: str = "Nothing yet."
    more: str = ""
    warning: bool = False
    figures: bool = False
    """Whether the table holds numbers, which get narrow columns."""

    @property
    def is_empty(self) -> bool:
        return not (self.lead or self.rows or self.texts)


def holds(permission: str) -> Callable[[User, Any], bool]:
    """A check for `Verb.may`: whether the user has the permission, for any row."""

    def may(user: User, row: Any) -> bool:
        return user.has_perm(permission)

    return may


class ForgivingList(ModelAdmin):
    """A list that survives filters and ids which fail only when the query runs."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().changelist_view(request, extra_context)
        except (ValueError, OverflowError):  # such as a filter by the year 99999
            if not request.GET or ERROR_FLAG in request.GET:
                raise
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        try:
            return super().response_action(request, queryset)
        except (ValidationError, ValueError):  # ids that no row can have
            messages.error(request, "Choose rows of this list.")
            return None


Row = Any
Answers = dict[str, Any]


def always(row: Row) -> bool:
    return True


def nothing_to_show(row: Row) -> Iterable[Panel]:
    return ()


def same_row(row: Row) -> dict[str, Any]:
    return {}


class RebasedForm(forms.Form):
    """A form that survives an edit conflict.

    What was sent stays in it; sent again, it is an edit of the row's new values.
    """

    data: Any

    def rebase(self, today: Mapping[str, Any]) -> None:
        """Take these values for those that the form was made from."""
        raise NotImplementedError


@dataclass(frozen=True)
class Verb:
    """An operation on a row, and the form for its arguments.

    `perform(row, user, answers)` returns a message about what it did, or raises an
    exception from `VerbAdmin.refusals`.
    """

    name: str
    label: str
    perform: Callable[[Row, User, Answers], str]
    may: Callable[[User, Row], bool]
    """Whether the user may perform it; otherwise the page is a 403."""
    fits: Callable[[Row], bool] = always
    """Whether the row's state allows it; only then is its button shown."""
    form: type[forms.Form] = forms.Form
    form_of: Callable[[Row], type[forms.Form]] | None = None
    """Makes the form if its fields depend on the row; `form` is ignored then."""
    initial: Callable[[Row], dict[str, Any]] = same_row
    shows: Callable[[Row], Iterable[Panel]] = nothing_to_show
    picks: str = ""
    """The field that the page's query string may fill in."""
    intro: str = ""
    icon: str = "play_arrow"
    variant: ActionVariant = ActionVariant.DEFAULT
    leaves: bool = False
    """Whether the row is deleted."""


class VerbAdmin(ModelAdmin):
    """Pages of read-only rows; each of `verbs` has a button and a page."""

    verbs: ClassVar[tuple[Verb, ...]] = ()
    adding: ClassVar[Verb | None] = None
    """The verb that creates a row; its row is None."""
    refusals: ClassVar[tuple[type[Exception], ...]] = (DomainError,)
    """Exceptions of verbs that are shown in the form; `fields` holds findings."""

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
        """The row's key in URLs, quoted as the admin does: `_25` is `%`."""
        return quote(row.pk)

    def label_of(self, row: Row) -> str:
        return str(row)

    def offered(self, user: User, row: Row) -> list[Verb]:
        return [verb for verb in self.verbs if verb.may(user, row) and verb.fits(row)]

    def buttons(self, user: User, row: Row) -> list[dict[str, Any]]:
        """The verbs as buttons for the theme."""
        return [
            {
                "title": verb.label,
                "icon": verb.icon,
                "variant": verb.variant,
                "path": self.url("verb", self.key_of(row), verb.name),
            }
            for verb in self.offered(user, row)
        ]

    def verb_url(self, name: str, user: User, row: Row) -> str:
        """The URL of the verb's page; empty if the verb is not offered."""
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
        """Show the verb's form; on POST perform the verb, and redirect on success."""
        user: User = request.user  # type: ignore[assignment]
        if not verb.may(user, row):
            raise PermissionDenied
        if not verb.fits(row):
            messages.warning(request, f"{verb.label}: not in this state.")
            return HttpResponseRedirect(back)
        sent = request.POST if request.method == "POST" else None
        form_class = verb.form_of(row) if verb.form_of else verb.form
        form = form_class(sent, initial={**verb.initial(row), **picked(request, verb)})
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
        """The verb's message; None if it was refused, which the form then shows."""
        user: User = request.user  # type: ignore[assignment]
        try:
            # No transaction here: verbs open their own, after the slow scan.
            done = verb.perform(row, user, form.cleaned_data)
        except self.refusals as refusal:
            add_refusal(form, refusal)
            if getattr(refusal, "edit_conflict", False) and isinstance(
                form, RebasedForm
            ):
                row.refresh_from_db()
                form.rebase(verb.initial(row))
            return None
        self.remember(request, verb, row)
        messages.success(request, done)
        return done

    def remember(self, request: HttpRequest, verb: Verb, row: Row) -> None:
        """Write an entry into the admin's history."""
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
        return TemplateResponse(request, "core/admin/verb.html", context)


def picked(request: HttpRequest, verb: Verb) -> dict[str, Any]:
    values = request.GET.getlist(verb.picks)
    return {verb.picks: values if len(values) > 1 else values[0]} if values else {}


def add_refusal(form: forms.Form, refusal: Exception) -> None:
    """Add findings to their fields; those of other fields go above the form."""
    fields: dict[str, list[str]] = dict(getattr(refusal, "fields", {}))
    for name, findings in fields.items():
        if name in form.fields:
            form.add_error(name, findings)
        else:
            form.add_error(None, [f"{name}: {finding}" for finding in findings])
    if not fields:
        form.add_error(None, str(refusal))


class FleetAdmin(ForgivingList, VerbAdmin):
    """Read-only rows in a list and on pages; only verbs change them.

    Users see them with the model's own view permission or one of `seen_with`. The
    rows are those that `visible_to` of the model's queryset returns, if it has one.
    """

    seen_with: ClassVar[tuple[str, ...]] = ()
    list_per_page = settings.SKILLFLEET_PAGE_SIZE
    list_max_show_all = settings.SKILLFLEET_MAX_PAGE_SIZE
    list_fullwidth = True
    show_facets = None
    change_form_outer_before_template = "core/admin/notices.html"
    change_form_after_template = "core/admin/panels.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return bool(super().has_view_permission(request, obj)) or any(
            request.user.has_perm(permission) for permission in self.seen_with
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.adding is not None and bool(super().has_add_permission(request))

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows

    def notices(self, request: HttpRequest, row: Any) -> Iterable[Panel]:
        """Panels above the fields of the row's page."""
        return ()

    def panels(self, request: HttpRequest, row: Any) -> Iterable[Panel]:
        """Panels below the fields of the row's page."""
        return ()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        if row is not None:
            context["actions_detail"] = self.buttons(request.user, row)  # type: ignore[arg-type]
            context["notices"] = list(self.notices(request, row))
            context["panels"] = list(self.panels(request, row))
            context["title"] = self.opts.verbose_name.capitalize()
        return super().render_change_form(request, context, *args, **kwargs)


def badge(text: str, colour: str = "default") -> str:
    """A coloured label: default, info, success, warning or danger."""
    return format_html('<span class="fleet-badge fleet-{}">{}</span>', colour, text)


def link_to(row: Any, label: str = "") -> str:
    """A link to the row's page in the admin."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return format_html(
        '<a href="{}">{}</a>', reverse(name, args=[row.pk]), label or row
    )
