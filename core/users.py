"""Finds the user that a URL names, and decides who may change a user."""

from typing import cast

from django.contrib.auth.models import User
from django.http import Http404
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.request import Request

VIEW_USERS = "auth.view_user"
CHANGE_USERS = "auth.change_user"


def requested_user_key(request: Request, ref: str) -> int:
    """The primary key that `me` or an id stands for; the row may not exist.

    Everyone may name themselves, and operators anyone. Raises NotAuthenticated, or
    Http404 if the requester may not see that user.
    """
    if not request.user.is_authenticated:
        raise NotAuthenticated
    me = request.user
    if ref in ("me", str(me.pk)):
        return me.pk
    number = ref.isascii() and ref.isdigit() and len(ref) < 19
    canonical = number and ref == str(int(ref))  # cache tags have one spelling
    if not (canonical and me.has_perm(VIEW_USERS)):
        raise Http404("There is no such user.")
    return int(ref)


def lock_user(user: User) -> None:
    """Lock the user's row until the transaction ends.

    Whoever counts a user's rows before adding one takes it first, so that requests at
    the same time cannot exceed the limit together.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def may_change(actor: User, user: User) -> bool:
    """Superusers may change everyone; operators everyone but superusers.

    An operator who could set a superuser's password would become one.
    """
    return actor.is_superuser or (
        actor.has_perm(CHANGE_USERS) and not user.is_superuser
    )


def check_may_change(request: Request, user: User) -> None:
    """Raise PermissionDenied unless users change themselves or `may_change` them."""
    if user != request.user and not may_change(cast(User, request.user), user):
        raise PermissionDenied("You may not change this user.")
