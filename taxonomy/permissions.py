"""The permissions that the views require, and who may see which skills."""

from enum import StrEnum

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from rest_framework.request import Request

READ_SKILLS = "taxonomy.view_skill"
PUBLISH_SKILLS = "taxonomy.publish_skill"
READ_CATEGORIES = "taxonomy.view_category"
ADD_CATEGORIES = "taxonomy.add_category"
CHANGE_CATEGORIES = "taxonomy.change_category"
DELETE_CATEGORIES = "taxonomy.delete_category"
READ_ANALYTICS = "taxonomy.view_analytics"


ATTRIBUTE = "_audience"


class Audience(StrEnum):
    """People who see the same skills, and so share cached answers."""

    CURATORS = "curators"
    """They see every skill."""
    READERS = "readers"
    """They see skills that are not archived."""
    PUBLIC = "public"
    """They read by SKILLFLEET_PUBLIC_READ: the same skills, but who wrote them is left
    out."""
    NOBODY = "nobody"
    """They see no skill."""


def audience_of(user: User | AnonymousUser) -> Audience:
    if user.has_perm(PUBLISH_SKILLS):
        return Audience.CURATORS
    if user.has_perm(READ_SKILLS):
        return Audience.READERS
    return Audience.PUBLIC if settings.SKILLFLEET_PUBLIC_READ else Audience.NOBODY


def audience(request: HttpRequest | Request) -> Audience:
    """The audience of a request, computed once. It is part of every cache key."""
    attributes = getattr(request, "_request", request).__dict__
    if ATTRIBUTE not in attributes:
        user = getattr(request, "user", None)
        attributes[ATTRIBUTE] = audience_of(
            user if user is not None else AnonymousUser()
        )
    computed: Audience = attributes[ATTRIBUTE]
    return computed
