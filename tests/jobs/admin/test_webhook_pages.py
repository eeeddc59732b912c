"""Webhooks in the admin: the same operations as in the API, the secret shown once."""

import re

import pytest

from jobs.models import Delivery, Webhook
from jobs.webhooks import delivery
from tests.jobs.webhooks_receiver import receiving, verify

WEBHOOKS, DELIVERIES = "/admin/jobs/webhook/", "/admin/jobs/delivery/"


@pytest.fixture
def receiver(settings):
    settings.SKILLFLEET_WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    with receiving() as receiver:
        yield receiver


def test_a_webhook_is_made_tried_changed_and_deleted(author, receiver, browser_of):
    form = {"url": receiver.url, "events": ["asked"]}
    made = author.post(f"{WEBHOOKS}add/", form, follow=True)
    secret = re.search(r"whsec_[\w+/=]+", made.content.decode())[0]
    hook = Webhook.objects.get()
    verbs = f"{WEBHOOKS}{hook.pk}/do"

    assert author.post(f"{verbs}/test/").status_code == 302
    delivery.deliver_due()
    assert verify(secret, *receiver.got[0])
    sent = Delivery.objects.get()
    assert author.post(f"{DELIVERIES}{sent.pk}/do/redeliver/").status_code == 302
    delivery.deliver_due()
    assert len(receiver.got) == 2
    for page in (WEBHOOKS, f"{WEBHOOKS}{hook.pk}/change/", DELIVERIES):
        response = author.get(page)
        assert response.status_code == 200
        assert secret not in response.content.decode()
        assert hook.nonce not in response.content.decode()

    bad = author.post(f"{verbs}/change/", {**form, "url": "https://10.0.0.1/"})
    assert "not a public address" in bad.content.decode()
    author.post(f"{verbs}/change/", {**form, "events": ["failed"]})
    author.post(f"{verbs}/switch/")
    hook.refresh_from_db()
    assert (hook.events, hook.active) == (["failed"], False)
    assert author.post(f"{verbs}/delete/").status_code == 302
    assert not Webhook.objects.exists()


def test_webhooks_of_others_are_not_visible(author, receiver, browser_of, curator):
    author.post(f"{WEBHOOKS}add/", {"url": receiver.url, "events": ["asked"]})
    hook = Webhook.objects.get()
    stranger = browser_of(curator)

    assert str(hook.pk) not in stranger.get(WEBHOOKS).content.decode()
    assert stranger.post(f"{WEBHOOKS}{hook.pk}/do/delete/").status_code in (403, 404)
    assert Webhook.objects.exists()
