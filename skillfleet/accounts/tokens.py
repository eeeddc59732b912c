"""API tokens: shown once, stored as a hash, and always with an expiry."""

from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from knox.models import AuthToken
from knox.settings import knox_settings

from skillfleet.api.errors import Conflict

LOGIN_PREFIX = knox_settings.TOKEN_PREFIX + "l"
"""The start of a login's token; other tokens have a hexadecimal digit here."""


class NewToken(NamedTuple):
    """A new token: its row, and the secret, which cannot be shown again."""

    row: AuthToken
    secret: str


def make_token(user: User, days: int | None = None) -> NewToken:
    """A token for programs; it works for `days`, or for SKILLFLEET_TOKEN_DAYS.

    Raises Conflict when the user has SKILLFLEET_TOKENS_PER_USER already.
    """
    limit = settings.SKILLFLEET_TOKENS_PER_USER
    tokens = live_tokens(user).exclude(token_key__startswith=LOGIN_PREFIX)
    if tokens.count() >= limit:
        raise Conflict(
            f"You have {limit} tokens, the most allowed; revoke one.", "token_limit"
        )
    lifetime = timedelta(days=days or settings.SKILLFLEET_TOKEN_DAYS)
    return NewToken(*AuthToken.objects.create(user, expiry=lifetime))


def make_login_token(user: User) -> NewToken:
    """A token for a login; it works for SKILLFLEET_LOGIN_HOURS.

    A login beyond SKILLFLEET_LOGINS_PER_USER ends the oldest one.
    """
    expired_tokens().filter(user=user).delete()
    logins = live_tokens(user).filter(token_key__startswith=LOGIN_PREFIX)
    oldest = logins[max(settings.SKILLFLEET_LOGINS_PER_USER - 1, 0) :]
    AuthToken.objects.filter(pk__in=[token.pk for token in oldest]).delete()
    return NewToken(*AuthToken.objects.create(user, prefix=LOGIN_PREFIX))


def expired_tokens() -> QuerySet[AuthToken]:
    return AuthToken.objects.filter(expiry__lte=timezone.now())


def live_tokens(user: User) -> QuerySet[AuthToken]:
    """The user's tokens that still work, newest first."""
    tokens = AuthToken.objects.filter(user=user, expiry__gt=timezone.now())
    return tokens.order_by("-created", "token_key")
