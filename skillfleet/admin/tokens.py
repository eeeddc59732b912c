"""API tokens: made here and shown once, revoked; their digest is never shown."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from knox import admin as registers_first  # noqa: F401
from knox.models import AuthToken
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSelectWidget

from core.admin import fields
from core.admin.base import FleetAdmin, Row, Verb
from core.users import may_change
from skillfleet.accounts.tokens import make_token
from skillfleet.api.exceptions import Conflict

admin.site.unregister(AuthToken)


class TokenForm(forms.Form):
    days = fields.number(
        label="Days until it expires",
        min_value=1,
        max_value=settings.SKILLFLEET_MAX_TOKEN_DAYS,
        initial=settings.SKILLFLEET_TOKEN_DAYS,
    )
    user = forms.ModelChoiceField(
        queryset=User.objects.filter(is_active=True).order_by("username"),
        widget=UnfoldAdminSelectWidget(),
        required=False,
        empty_label="Yourself",
        help_text="Only superusers make tokens for others.",
    )


def make(row: None, user: User, answers: dict[str, Any]) -> str:
    owner = answers["user"] or user
    if owner != user and not user.is_superuser:
        raise Conflict("Only superusers make tokens for others.", "not_yours")
    made = make_token(owner, answers["days"])
    return (
        f"The token of {owner}, shown this once: {made.secret} (until "
        f"{made.row.expiry:%Y-%m-%d})"
    )


def revoke(token: AuthToken, user: User, answers: dict[str, Any]) -> str:
    token.delete()
    return f"{named(token)} is revoked."


def named(token: AuthToken) -> str:
    """By how it begins; its string holds the digest."""
    return f"{token.token_key}… of {token.user}"


def is_staff(user: User, row: Row) -> bool:
    return user.is_staff


def may_revoke(user: User, token: AuthToken) -> bool:
    return token.user_id == user.pk or may_change(user, token.user)


@admin.register(AuthToken)
class TokenAdmin(FleetAdmin):
    """Addresses name a token by how it begins; its key is the digest."""

    list_display = ("begins", "user", "created", "expiry", "revoking")
    list_display_links = None
    list_filter = (("user", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("user",)
    search_fields = ("user__username", "token_key")
    date_hierarchy = "created"
    actions = None
    refusals = (Conflict,)
    adding = Verb(
        "add",
        "Make a token",
        make,
        may=is_staff,
        form=lambda row: TokenForm,
        intro="Programs send it in the header Authorization: Bearer <token>. It is"
        " shown once, right after it is made.",
    )
    verbs = (
        Verb(
            "revoke",
            "Revoke",
            revoke,
            may=may_revoke,
            intro="Requests with it are refused from now on.",
            icon="key_off",
            variant=ActionVariant.DANGER,
            leaves=True,
        ),
    )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Everyone of the staff: their own; operators and superusers: others' too."""
        return bool(request.user.is_active and request.user.is_staff)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuthToken]:
        user, tokens = request.user, super().get_queryset(request)
        tokens = tokens.select_related("user").defer("digest")
        if user.is_superuser:
            return tokens
        own = Q(user_id=user.pk)
        if user.has_perm("auth.change_user"):
            return tokens.filter(own | Q(user__is_superuser=False))
        return tokens.filter(own)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> AuthToken | None:
        return self.get_queryset(request).filter(token_key=object_id).first()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """A filter by the digest would tell it letter by letter."""
        allowed = super().lookup_allowed(lookup, value, request)
        return allowed and not lookup.startswith(("digest", "pk"))

    def key_of(self, row: AuthToken) -> str:
        return quote(str(row.token_key))

    def label_of(self, row: AuthToken) -> str:
        return named(row)

    @admin.display(description="Begins with", ordering="token_key")
    def begins(self, token: AuthToken) -> str:
        return f"{token.token_key}…"

    @admin.display(description="")
    def revoking(self, token: AuthToken) -> str:
        page = reverse("admin:knox_authtoken_verb", args=[self.key_of(token), "revoke"])
        return format_html('<a class="fleet-link" href="{}">Revoke</a>', page)

    def change_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """There is nothing to read beyond the list."""
        return HttpResponseRedirect(self.url("changelist"))

    def history_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(self.url("changelist"))
