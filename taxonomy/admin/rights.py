"""A permission as the verbs ask for it."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User


def holds(permission: str) -> Callable[[User, Any], bool]:
    """Whether a person has the permission, whatever the row."""

    def may(user: User, row: Any) -> bool:
        return user.has_perm(permission)

    return may
