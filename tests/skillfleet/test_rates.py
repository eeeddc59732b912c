"""Writes are counted per user; reads are not."""

import pytest
from rest_framework.test import APIClient

from tests.skillfleet.conftest import PASSWORD

LOGIN = "/api/v1/auth/login"
TOKENS = "/api/v1/auth/tokens"


def test_writes_beyond_the_rate_are_a_429(client_of, viewer, operator, settings):
    settings.SKILLFLEET_RATES = {"write": "2/min"}
    api = client_of(viewer)

    responses = [api.post(TOKENS) for _ in range(3)]

    assert [response.status_code for response in responses] == [201, 201, 429]
    assert responses[-1].json()["code"] == "throttled"
    assert int(responses[-1]["Retry-After"]) > 0
    assert client_of(operator).post(TOKENS).status_code == 201


def test_reads_are_not_counted(client_of, viewer, settings):
    settings.SKILLFLEET_RATES = {"write": "1/min"}
    api = client_of(viewer)

    assert {api.get(TOKENS).status_code for _ in range(3)} == {200}


def test_no_rate_is_no_limit(client_of, viewer, settings):
    settings.SKILLFLEET_RATES = {"write": ""}
    api = client_of(viewer)

    assert {api.post(TOKENS).status_code for _ in range(3)} == {201}


def test_an_anonymous_write_is_a_401_before_it_counts(db, settings):
    settings.SKILLFLEET_RATES = {"write": "1/min"}

    assert {APIClient().post(TOKENS).status_code for _ in range(3)} == {401}


def test_writes_and_logins_go_on_while_nobody_can_count(
    client_of, viewer, shared_cache_away, settings, caplog
):
    settings.SKILLFLEET_RATES = dict.fromkeys(("write", "login", "login_name"), "1/min")
    credentials = {"username": "vera", "password": PASSWORD}

    for _ in range(2):
        assert client_of(viewer).post(TOKENS).status_code == 201
        assert APIClient().post(LOGIN, credentials).status_code == 200

    assert "rate=write not counted" in caplog.text
    assert "rate=login not counted" in caplog.text


ADMIN = "/admin/login/"
WRONG = {"username": "vera", "password": "wrong"}


def in_admin(client, **fields):
    return client.post(ADMIN, {**WRONG, **fields}, format="multipart")


def log_in_everywhere(client):
    return [in_admin(client), client.post(LOGIN, WRONG)]


@pytest.mark.parametrize("limited", ["login", "login_name"])
def test_the_api_and_the_admin_share_one_count_of_logins(anonymous, settings, limited):
    settings.SKILLFLEET_RATES = {"login": "", "login_name": "", limited: "3/min"}

    answers = [*log_in_everywhere(anonymous), *log_in_everywhere(anonymous)]

    assert [each.status_code for each in answers] == [200, 401, 200, 429]
    refused = in_admin(anonymous, password=PASSWORD)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert "too many attempts" in refused.content.decode()
    assert anonymous.get(ADMIN).status_code == 200


@pytest.mark.parametrize("spelled", [" vera ", "VERA", "\uff56era"])
def test_another_spelling_of_a_name_does_not_escape_the_rate(
    anonymous, viewer, settings, spelled
):
    settings.SKILLFLEET_RATES = {"login": "", "login_name": "1/min"}
    in_admin(anonymous)

    assert in_admin(anonymous, username=spelled).status_code == 429
    answer = anonymous.post(LOGIN, {**WRONG, "username": spelled})
    assert answer.status_code == 429


def test_guessing_the_own_password_in_a_session_counts_too(client, viewer, settings):
    settings.SKILLFLEET_RATES = {"login": "", "login_name": "2/min"}
    type(viewer).objects.filter(pk=viewer.pk).update(is_staff=True)
    client.force_login(viewer)

    tries = [
        client.post("/admin/password_change/", {"old_password": f"guess{n}"})
        for n in range(3)
    ]

    assert [each.status_code for each in tries] == [200, 200, 429]
