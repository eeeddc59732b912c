"""API tokens are shown once, expire, and are visible to their owner only."""

import io
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from skillfleet.accounts.tokens import expired_tokens, make_login_token, make_token
from tests.skillfleet.conftest import PASSWORD

TOKENS = "/api/v1/auth/tokens"
NEW_PASSWORD = "another-Passw0rd"


@pytest.fixture
def api(client_of, viewer):
    return client_of(viewer)


def works(token):
    client = APIClient(headers={"Authorization": f"Bearer {token}"})
    return client.get("/api/v1/user/me").status_code == 200


def days_left(row):
    return (row.expiry - timezone.now() + timedelta(hours=1)).days


def test_a_new_token_works_and_is_shown_this_once(api):
    made = api.post(TOKENS, {"expires_in_days": 7})

    assert made.status_code == 201
    assert works(made.json()["token"])
    listed = api.get(TOKENS).json()
    assert listed["count"] == 1
    assert listed["results"] == [
        {field: made.json()[field] for field in ("id", "created", "expiry")}
    ]


@pytest.mark.parametrize(("body", "days"), [({}, 90), ({"expires_in_days": 7}, 7)])
def test_a_token_ends_when_asked_or_by_default(api, body, days):
    api.post(TOKENS, body)

    assert days_left(AuthToken.objects.get()) == days


@pytest.mark.parametrize("days", [0, -1, 367, "soon", None, [], 10**15])
def test_days_out_of_bounds_are_a_400(api, days):
    response = api.post(TOKENS, {"expires_in_days": days})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["expires_in_days"]


def test_a_token_past_its_end_stops_working(viewer):
    row, secret = make_token(viewer)
    AuthToken.objects.filter(pk=row.pk).update(expiry=timezone.now())

    assert not works(secret)


def test_a_revoked_token_stops_working(api):
    made = api.post(TOKENS).json()

    assert api.delete(f"{TOKENS}/{made['id']}").status_code == 204
    assert not works(made["token"])
    assert api.delete(f"{TOKENS}/{made['id']}").status_code == 404


def test_nobody_sees_or_revokes_anothers_token(api, client_of, operator):
    row, secret = make_token(operator)

    assert api.get(TOKENS).json()["count"] == 0
    assert api.delete(f"{TOKENS}/{row.token_key}").status_code == 404
    assert works(secret)


def test_more_tokens_than_allowed_are_a_409(api, settings):
    settings.SKILLFLEET_TOKENS_PER_USER = 1
    api.post(TOKENS)

    response = api.post(TOKENS)

    assert response.status_code == 409
    assert response.json()["code"] == "token_limit"


def test_logins_do_not_count_as_tokens(api, viewer, settings):
    settings.SKILLFLEET_TOKENS_PER_USER = 2
    for _ in range(3):
        make_login_token(viewer)

    assert [api.post(TOKENS).status_code for _ in range(3)] == [201, 201, 409]
    assert works(make_login_token(viewer).secret)


def test_one_login_too_many_ends_the_oldest(api, viewer, settings):
    settings.SKILLFLEET_LOGINS_PER_USER = 2
    lasting = make_token(viewer)

    logins = [make_login_token(viewer) for _ in range(4)]

    assert [works(login.secret) for login in logins] == [False, False, True, True]
    assert works(lasting.secret)


def test_a_login_removes_what_has_expired_of_oneself_alone(viewer, operator):
    for person in (viewer, operator):
        make_token(person)
    AuthToken.objects.update(expiry=timezone.now())

    make_login_token(viewer)

    assert [token.user for token in expired_tokens()] == [operator]


def test_the_prune_command_removes_what_has_expired(viewer):
    make_token(viewer)
    AuthToken.objects.update(expiry=timezone.now())
    remaining = make_token(viewer)
    out = io.StringIO()

    call_command("prune_tokens", stdout=out)

    assert out.getvalue() == "1 token(s) removed.\n"
    assert AuthToken.objects.get() == remaining.row


def test_the_command_prints_a_working_token_and_nothing_else(viewer):
    out = io.StringIO()

    call_command("create_token", "vera", "--days", "3", stdout=out)

    assert works(out.getvalue().strip())
    assert days_left(AuthToken.objects.get()) == 3


@pytest.mark.parametrize(
    "arguments", [("nobody",), ("vera", "--days", "0"), ("vera", "--days", "9999")]
)
def test_the_command_refuses_what_cannot_be(viewer, arguments):
    with pytest.raises(CommandError):
        call_command("create_token", *arguments)


def test_the_command_refuses_a_deactivated_user(make_person):
    make_person("dan", is_active=False)

    with pytest.raises(CommandError, match="no active user 'dan'"):
        call_command("create_token", "dan")


def test_the_command_keeps_to_the_number_allowed(viewer, settings):
    settings.SKILLFLEET_TOKENS_PER_USER = 0

    with pytest.raises(CommandError, match="revoke one"):
        call_command("create_token", "vera")


def test_a_request_asks_for_the_one_token_it_brings(viewer):
    secret = make_token(viewer).secret
    make_token(viewer)

    with CaptureQueriesContext(connection) as queries:
        assert works(secret)

    read = [query for query in queries if 'FROM "knox_authtoken"' in query["sql"]]
    assert len(read) == 1


def by_command(root, user):
    with patch("getpass.getpass", return_value=NEW_PASSWORD):
        call_command("changepassword", user.username, stdout=io.StringIO())


def by_superuser(root, user, **fields):
    sent = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    sent = {"usable_password": "true", **sent, **fields}
    answer = root.post(f"/admin/auth/user/{user.pk}/password/", sent)
    assert answer.status_code == 302


def by_disabling_passwords(root, user):
    by_superuser(root, user, usable_password="false", **{"unset-password": ""})


def by_oneself(root, user):
    User.objects.filter(pk=user.pk).update(is_staff=True)
    browser = Client()
    browser.force_login(user)
    sent = {"old_password": PASSWORD}
    sent |= {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert browser.post("/admin/password_change/", sent).status_code == 302


@pytest.mark.parametrize(
    "set_password", [by_superuser, by_command, by_disabling_passwords, by_oneself]
)
def test_a_new_password_revokes_the_tokens_of_its_user_alone(
    admin_client, viewer, operator, set_password
):
    made = [make_token(viewer), make_login_token(viewer)]
    others = make_token(operator)

    set_password(admin_client, viewer)

    assert [works(token.secret) for token in made] == [False, False]
    assert works(others.secret)


def test_tokens_stay_when_the_password_does(viewer, make_person, settings):
    without = User.objects.create_user("program")
    secrets = [make_token(each).secret for each in (viewer, without)]

    for user in User.objects.filter(pk__in=[viewer.pk, without.pk]):
        user.first_name = "Changed"
        user.save()
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        *settings.PASSWORD_HASHERS,
    ]
    log_in = {"username": "vera", "password": PASSWORD}  # Django hashes it anew
    assert APIClient().post("/api/v1/auth/login", log_in).status_code == 200
    viewer.refresh_from_db()

    assert viewer.password.startswith("pbkdf2")
    assert all(map(works, secrets))
