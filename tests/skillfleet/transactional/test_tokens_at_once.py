"""Many requests at the same time do not exceed a limit on tokens together."""

import threading

import pytest
from django.contrib.auth.models import Group, User
from django.db import connections
from rest_framework.test import APIClient

from skillfleet.accounts.tokens import LOGIN_PREFIX, live_tokens, make_token

pytestmark = pytest.mark.django_db(transaction=True)
REQUESTS = 12
LIMIT = 5
PASSWORD = "a-long-Passw0rd"


@pytest.fixture
def user(settings):
    settings.SKILLFLEET_TOKENS_PER_USER = settings.SKILLFLEET_LOGINS_PER_USER = LIMIT
    settings.SKILLFLEET_RATES = dict.fromkeys(settings.SKILLFLEET_RATES, "")
    user = User.objects.create_user("vera", password=PASSWORD)
    user.groups.add(Group.objects.get(name="viewer"))
    return user


def post_at_once(user, path, body):
    start = threading.Barrier(REQUESTS)
    statuses = []

    def post():
        client = APIClient()
        if not body:
            client.force_authenticate(user)
        try:
            start.wait(20)
            statuses.append(client.post(f"/api/v1/auth/{path}", body).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=post) for _ in range(REQUESTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sorted(statuses)


def test_tokens_at_once_stay_within_the_limit(user):
    for _ in range(LIMIT - 2):
        make_token(user)

    statuses = post_at_once(user, "tokens", {})

    assert statuses == [201] * 2 + [409] * (REQUESTS - 2)
    assert live_tokens(user).count() == LIMIT


def test_logins_at_once_stay_within_the_limit(user):
    statuses = post_at_once(user, "login", {"username": "vera", "password": PASSWORD})

    assert statuses == [200] * REQUESTS
    logins = live_tokens(user).filter(token_key__startswith=LOGIN_PREFIX)
    assert logins.count() == LIMIT
