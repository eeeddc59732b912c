"""Permissions: each view declares which one each of its methods needs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView

Grants = Mapping[str, str | None]
"""Method → a permission's full name, or None for anyone who is logged in."""

PUBLIC_READS = frozenset({"taxonomy.view_skill", "taxonomy.view_category"})


class DeclaredPermission(BasePermission):
    """Denies by default; a view's `required_permissions` (Grants) allow its methods.

    HEAD is allowed with GET. A method without an entry is denied to everyone. With
    SKILLFLEET_PUBLIC_READ, anyone may read skills and categories without logging in.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        method = "GET" if request.method == "HEAD" else str(request.method)
        if not hasattr(view, method.lower()):
            return True  # DRF answers 405
        required: Grants = getattr(view, "required_permissions", {})
        if method not in required:
            return False
        permission = required[method]  # None: any signed-in user
        if is_public(method, permission):
            return True
        if not request.user.is_authenticated:
            return False
        return permission is None or request.user.has_perm(permission)


def is_public(method: str, permission: str | None) -> bool:
    return (
        settings.SKILLFLEET_PUBLIC_READ
        and method == "GET"
        and permission in PUBLIC_READS
    )
