"""Users, groups and API tokens in the admin."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from knox import admin as registers_first  # noqa: F401
from knox.models import AuthToken
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
)

from core.admin import fields
from core.admin.base import FleetAdmin, ForgivingList, Row, Verb
from core.users import may_change
from skillfleet.accounts.roles import ROLES
from skillfleet.accounts.tokens import make_token
from skillfleet.api.errors import Conflict

admin.site.unregister([User, Group])

OPERATORS_CHANGE = frozenset({"first_name", "last_name", "email", "is_active"})


@admin.register(User)
class UserAdmin(auth_admin.UserAdmin, ForgivingList):
    """Users are deactivated instead of deleted, because their skills stay."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "roles", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    list_fullwidth = True
    date_hierarchy = "date_joined"
    filter_horizontal = ()  # its default widget is wider than the page
    for_operators: ClassVar[Any] = (
        (None, {"fields": ("username", ("first_name", "last_name"), "email")}),
        ("Access", {"fields": (("is_active", "is_staff"), "groups")}),
        ("Dates", {"fields": (("last_login", "date_joined"),)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "groups":
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @admin.display(description="Groups")
    def roles(self, user: User) -> str:
        return ", ".join(sorted(group.name for group in user.groups.all()))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None or request.user.is_superuser:
            return super().get_fieldsets(request, obj)
        return self.for_operators

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return ()
        fixed = ["last_login", "date_joined"]
        if obj == request.user:
            fixed += [
                "is_active",
                "is_staff",
                "is_superuser",
            ]  # nobody may lock themselves out
        if not request.user.is_superuser:
            fixed += sorted({"username", "is_staff", "groups"} - OPERATORS_CHANGE)
        return tuple(dict.fromkeys(fixed))

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        allowed = super().has_change_permission(request, obj)
        if isinstance(obj, User) and isinstance(request.user, User):
            return allowed and may_change(request.user, obj)
        return allowed

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """Only superusers may: who sets a password can log in as that user."""
        if not request.user.is_superuser:
            raise PermissionDenied
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            messages.info(request, "API tokens made before a new password are revoked.")
        return response


@admin.register(Group)
class GroupAdmin(auth_admin.GroupAdmin, ForgivingList):
    """Roles are read-only: each `migrate` sets them as accounts/roles.py declares."""

    list_display = ("name", "is_role")
    list_fullwidth = True

    @admin.display(description="Role", boolean=True)
    def is_role(self, group: Group) -> bool:
        return group.name in ROLES

    def has_change_permission(
        self, request: HttpRequest, obj: Group | None = None
    ) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and not is_role(obj)

    def has_delete_permission(
        self, request: HttpRequest, obj: Group | None = None
    ) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and not is_role(obj)


def is_role(group: Group | None) -> bool:
    return group is not None and group.name in ROLES


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


def create(row: None, user: User, answers: dict[str, Any]) -> str:
    owner = answers["user"] or user
    if owner != user and not user.is_superuser:
        raise Conflict("Only superusers make tokens for others.", "not_yours")
    token = make_token(owner, answers["days"])
    return (
        f"Token for {owner}: {token.secret}. Copy it now, it is not shown again. It is"
        f" valid until {token.row.expiry:%Y-%m-%d}."
    )


def revoke(token: AuthToken, user: User, answers: dict[str, Any]) -> str:
    token.delete()
    return f"{label_of(token)} is revoked."


def label_of(token: AuthToken) -> str:
    """The first characters of the token and its user; str(token) has the digest."""
    return f"{token.token_key}… of {token.user}"


def is_staff(user: User, row: Row) -> bool:
    return user.is_staff


def may_revoke(user: User, token: AuthToken) -> bool:
    return token.user_id == user.pk or may_change(user, token.user)


@admin.register(AuthToken)
class TokenAdmin(FleetAdmin):
    """URLs name a token by its first characters; its primary key is the digest."""

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
        create,
        may=is_staff,
        form=TokenForm,
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
        """Staff see their own tokens; operators and superusers see others' too."""
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
        """Refuse a filter by the digest: it could be guessed letter by letter."""
        allowed = super().lookup_allowed(lookup, value, request)
        return allowed and not lookup.startswith(("digest", "pk"))

    def key_of(self, row: AuthToken) -> str:
        return quote(str(row.token_key))

    def label_of(self, row: AuthToken) -> str:
        return label_of(row)

    @admin.display(description="Begins with", ordering="token_key")
    def begins(self, token: AuthToken) -> str:
        return f"{token.token_key}…"

    @admin.display(description="")
    def revoking(self, token: AuthToken) -> str:
        page = reverse("admin:knox_authtoken_verb", args=[self.key_of(token), "revoke"])
        return format_html('<a class="fleet-link" href="{}">Revoke</a>', page)

    def change_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """The list shows everything; a token has no page of its own."""
        return HttpResponseRedirect(self.url("changelist"))

    def history_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(self.url("changelist"))
