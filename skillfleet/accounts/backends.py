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
PERMISSIONS = "_perm_cache"  # Django's own name: other code reads it too


class RightsBackend(ModelBackend):
    """Reads a user's and their groups' permissions in one query; Django needs two."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if user_obj.is_superuser:
            return super().get_all_permissions(user_obj)
        if PERMISSIONS not in user_obj.__dict__:
            user_obj.__dict__[PERMISSIONS] = permissions_of(user_obj)
        permissions: set[str] = user_obj.__dict__[PERMISSIONS]
        return permissions


def permissions_of(user: User) -> set[str]:
    """Full names of the user's own permissions and of those of their groups."""
    own = User.user_permissions.through.objects.filter(user=user)
    groups = Group.permissions.through.objects.filter(group__user=user)
    either = Q(pk__in=own.values("permission")) | Q(pk__in=groups.values("permission"))
    permissions = Permission.objects.filter(either).order_by()
    names = permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in names}


SCHEMES = {b"bearer", b"token"}
PRINTABLE = re.compile(rb"[!-~]{1,200}")


class TokenAuthentication(KnoxAuthentication):
    """Knox tokens; text that cannot be a token is refused without a query."""

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
        """Whether the token has expired.

        Knox would also read all tokens of the user here to delete expired ones, at
        every request; logging in and `prune_tokens` do that instead.
        """
        return auth_token.expiry is not None and auth_token.expiry < timezone.now()

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
