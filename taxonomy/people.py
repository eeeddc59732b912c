"""Addresses that name a person: `me`, or somebody's id."""

from typing import cast

from django.contrib.auth.models import User
from django.http import Http404
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.request import Request

from cachelayer import add_cache_tags

VIEW_USERS = "auth.view_user"
CHANGE_USERS = "auth.change_user"


def asked_key(request: Request, asked: str) -> int:
    """The key of oneself, or for operators anyone's; there need be no such row.

    Raises NotAuthenticated, and Http404 for what one may not see.
    """
    if not request.user.is_authenticated:
        raise NotAuthenticated
    me = request.user
    if asked in ("me", str(me.pk)):
        return me.pk
    number = asked.isascii() and asked.isdigit() and len(asked) < 19
    number = number and asked == str(int(asked))  # tags know one spelling
    if not (number and me.has_perm(VIEW_USERS)):
        raise Http404("There is no such user.")
    return int(asked)


def asked_person(request: Request, asked: str) -> User:
    """As `asked_key`, and 404 when nobody has it. What shows them is retired with
    their other answers, and with their usage."""
    key = asked_key(request, asked)
    add_cache_tags(request, f"/user/{key}/*", f"/usage/{key}/*")
    if key == request.user.pk:
        return request.user
    person = User.objects.filter(pk=key).first()
    if person is None:
        raise Http404("There is no such user.")
    return person


def may_change(actor: User, user: User) -> bool:
    """Operators change everyone but superusers, whose account would be theirs."""
    return actor.is_superuser or (
        actor.has_perm(CHANGE_USERS) and not user.is_superuser
    )


def check_may_change(request: Request, user: User) -> None:
    """Raises PermissionDenied unless it is oneself, or one may change them."""
    if user != request.user and not may_change(cast(User, request.user), user):
        raise PermissionDenied("You may not change this user.")
