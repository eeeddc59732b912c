"""Registers, changes and deletes webhooks, for the API and the admin."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from core.users import lock_user
from jobs.exceptions import InvalidWebhook, TooManyWebhooks
from jobs.models import Webhook
from jobs.webhooks import signing
from jobs.webhooks.addresses import Refused, check_url


def register(user: User, url: str, events: Iterable[str]) -> tuple[Webhook, str]:
    """Create a webhook; return it with its secret, which is shown only this once.

    Raises InvalidWebhook or TooManyWebhooks.
    """
    check(url)
    with transaction.atomic():
        lock_user(user)
        if user.webhooks.count() >= settings.SKILLFLEET_WEBHOOKS_PER_USER:
            raise TooManyWebhooks
        webhook = Webhook.objects.create(user=user, url=url, events=in_order(events))
    webhook.refresh_from_db()
    return webhook, signing.secret(webhook.nonce)


def change(
    webhook: Webhook,
    *,
    url: str | None = None,
    events: Iterable[str] | None = None,
    active: bool | None = None,
) -> Webhook:
    """Write the fields that are not None, and no others. Raises InvalidWebhook."""
    changes: dict[str, Any] = {}
    if url is not None:
        check(url)
        changes["url"] = url
    if events is not None:
        changes["events"] = in_order(events)
    if active is not None:
        changes["active"] = active
    if changes:
        Webhook.objects.filter(pk=webhook.pk).update(**changes)
    for name, value in changes.items():
        setattr(webhook, name, value)
    return webhook


def delete(webhook: Webhook) -> None:
    """Delete a webhook with its deliveries.

    The lock waits for transactions that record events for the webhook.
    """
    with transaction.atomic():
        locked = Webhook.objects.select_for_update().filter(pk=webhook.pk).first()
        if locked:
            locked.delete()


def check(url: str) -> None:
    """Raises InvalidWebhook."""
    try:
        check_url(url)
    except Refused as refused:
        raise InvalidWebhook(f"url: {refused}", {"url": [str(refused)]}) from None


def in_order(events: Iterable[str]) -> list[str]:
    """The events in the order of `Webhook.Event`, each once."""
    chosen = set(events)
    return [kind for kind in Webhook.Event.values if kind in chosen]
