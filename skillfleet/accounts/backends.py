"""What a person may, in one statement: every request with a token asks for it."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db.models import Q

Person = User | AnonymousUser
KEPT = "_perm_cache"  # Django's own name: others look there too


class RightsBackend(ModelBackend):
    """Django's, which reads a person's own permissions and their groups' one by one."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if user_obj.is_superuser:
            return super().get_all_permissions(user_obj)
        if KEPT not in user_obj.__dict__:
            user_obj.__dict__[KEPT] = permissions_of(user_obj)
        found: set[str] = user_obj.__dict__[KEPT]
        return found


def permissions_of(user: User) -> set[str]:
    """Full names, their own and those of their groups."""
    own = User.user_permissions.through.objects.filter(user=user)
    groups = Group.permissions.through.objects.filter(group__user=user)
    either = Q(pk__in=own.values("permission")) | Q(pk__in=groups.values("permission"))
    found = Permission.objects.filter(either).order_by()
    names = found.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in names}
