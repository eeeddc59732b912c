"""Authentication: API tokens in the Authorization header, and a user's permissions."""

import re
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db.models import Q
from django.utils import timezone
from knox.auth import TokenAuthentication as KnoxAuthentication
from knox.models import AuthToken
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

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


SCHEMES = {b"bearer", b"token"}
PRINTABLE = re.compile(rb"[!-~]{1,200}")


class TokenAuthentication(KnoxAuthentication):
    """Knox tokens; what cannot be one is refused before the database sees it."""

    def authenticate(self, request: Request) -> tuple[object, object] | None:
        header = get_authorization_header(request)
        scheme, _, token = header.partition(b" ")
        if scheme.lower() not in SCHEMES:
            return None
        if not PRINTABLE.fullmatch(token.strip()):
            raise AuthenticationFailed("Send the header Authorization: Bearer <token>.")
        user, auth_token = self.authenticate_credentials(token.strip())
        return user, auth_token

    def _cleanup_token(self, auth_token: AuthToken) -> bool:
        """Whether it has expired. Knox would read all of the person's tokens at each
        request, to delete those; logging in does, and `prune_tokens`."""
        return auth_token.expiry is not None and auth_token.expiry < timezone.now()

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
