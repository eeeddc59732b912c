"""Users and groups: superusers change everything, operators what the API lets them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from core.admin.base import ForgivingList
from core.users import may_change
from skillfleet.accounts.roles import ROLES

admin.site.unregister([User, Group])

OPERATORS_CHANGE = frozenset({"first_name", "last_name", "email", "is_active"})


@admin.register(User)
class UserAdmin(auth_admin.UserAdmin, ForgivingList):
    """People are deactivated, not deleted: what they made stays."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "roles", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    list_fullwidth = True
    date_hierarchy = "date_joined"
    filter_horizontal = ()  # the stock one is wider than the page
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
            fixed += ["is_active", "is_staff", "is_superuser"]  # not out of one's own
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
        """Another person's password is their account: superusers only."""
        if not request.user.is_superuser:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)


@admin.register(Group)
class GroupAdmin(auth_admin.GroupAdmin, ForgivingList):
    """The roles are as `roles.py` says after each migrate: they are read-only."""

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
