"""Webhooks made, changed and deleted; API and admin call these."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from jobs.exceptions import InvalidWebhook, TooManyWebhooks
from jobs.models import Webhook
from jobs.webhooks import signing
from jobs.webhooks.addresses import Refused, check_url


def register(user: User, url: str, events: Iterable[str]) -> tuple[Webhook, str]:
    """A webhook, and its secret, which nothing shows again."""
    check(url)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # one at a time
        if user.webhooks.count() >= settings.SKILLFLEET_WEBHOOKS_PER_USER:
            raise TooManyWebhooks
        made = Webhook.objects.create(user=user, url=url, events=in_order(events))
    made.refresh_from_db()
    return made, signing.secret(made.nonce)


def change(
    webhook: Webhook,
    *,
    url: str | None = None,
    events: Iterable[str] | None = None,
    active: bool | None = None,
) -> Webhook:
    """What is None stays as it is, also what a courier changes meanwhile."""
    given: dict[str, Any] = {}
    if url is not None:
        check(url)
        given["url"] = url
    if events is not None:
        given["events"] = in_order(events)
    if active is not None:
        given["active"] = active
    if given:
        Webhook.objects.filter(pk=webhook.pk).update(**given)
    for name, value in given.items():
        setattr(webhook, name, value)
    return webhook


def delete(webhook: Webhook) -> None:
    """With its log. Its row first: an event that is being written waits for it."""
    with transaction.atomic():
        held = Webhook.objects.select_for_update().filter(pk=webhook.pk).first()
        if held:
            held.delete()


def check(url: str) -> None:
    try:
        check_url(url)
    except Refused as refused:
        raise InvalidWebhook(f"url: {refused}", {"url": [str(refused)]}) from None


def in_order(events: Iterable[str]) -> list[str]:
    wanted = set(events)
    return [kind for kind in Webhook.Event.values if kind in wanted]
