"""API tokens: shown once, stored as a hash, and always with an expiry."""

from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from knox.models import AuthToken
from knox.settings import knox_settings

from core.users import lock_user
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
    lifetime = timedelta(days=days or settings.SKILLFLEET_TOKEN_DAYS)
    with transaction.atomic():
        lock_user(user)
        tokens = live_tokens(user).exclude(token_key__startswith=LOGIN_PREFIX)
        if tokens.count() >= limit:
            raise Conflict(
                f"You have {limit} tokens, the most allowed; revoke one.", "token_limit"
            )
        return NewToken(*AuthToken.objects.create(user, expiry=lifetime))


def make_login_token(user: User) -> NewToken:
    """A token for a login; it works for SKILLFLEET_LOGIN_HOURS.

    A login beyond SKILLFLEET_LOGINS_PER_USER ends the oldest one.
    """
    with transaction.atomic():
        lock_user(user)
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


CHANGED = "_has_new_password"


def note_new_password(
    sender: type[User], instance: User, update_fields: Any, **kwargs: Any
) -> None:
    """Receiver of `pre_save`: note whether the user gets another password.

    Django also saves the field, alone, when it hashes the same password anew.
    """
    is_rehash = (
        update_fields == {"password"} and getattr(instance, "_password", None) is None
    )
    if instance.has_usable_password() and is_rehash:
        return
    if update_fields is None or "password" in update_fields:
        others = User.objects.filter(pk=instance.pk).exclude(password=instance.password)
        instance.__dict__[CHANGED] = others.exists()


def revoke_after_new_password(
    sender: type[User], instance: User, **kwargs: Any
) -> None:
    """Receiver of `post_save`: who knew the old password may have made the tokens."""
    if instance.__dict__.pop(CHANGED, False):
        AuthToken.objects.filter(user=instance).delete()
