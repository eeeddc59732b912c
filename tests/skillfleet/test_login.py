"""A user name and a password give a token; the token gives everything else."""

from urllib.parse import urlencode

import pytest
from knox.models import AuthToken
from rest_framework.test import APIClient

from tests.skillfleet.conftest import PASSWORD

LOGIN = "/api/v1/auth/login"
ME = "/api/v1/user/me"


def log_in(client, name, password=PASSWORD):
    return client.post(LOGIN, {"username": name, "password": password})


def bearing(token, scheme="Bearer"):
    return APIClient(headers={"Authorization": f"{scheme} {token}"})


def test_a_login_gives_a_token_and_who_one_is(anonymous, viewer):
    response = log_in(anonymous, "vera")

    assert response.status_code == 200
    assert response.json()["token"].startswith("sf_")
    assert response.json()["user"]["username"] == "vera"
    assert response.json()["user"]["roles"] == ["viewer"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token"])
def test_the_token_opens_the_api(anonymous, viewer, scheme):
    token = log_in(anonymous, "vera").json()["token"]

    assert bearing(token, scheme).get(ME).json()["username"] == "vera"


def test_a_login_is_written_down(anonymous, viewer):
    log_in(anonymous, "vera")

    viewer.refresh_from_db()
    assert viewer.last_login is not None


def test_only_a_hash_of_the_token_is_kept(anonymous, viewer):
    token = log_in(anonymous, "vera").json()["token"]

    row = AuthToken.objects.get()
    assert token not in vars(row).values()
    assert len(row.digest) == 128


@pytest.mark.parametrize(
    ("name", "password"),
    [("vera", "wrong"), ("nobody", PASSWORD), ("vera", PASSWORD + " ")],
)
def test_wrong_credentials_are_a_401_that_does_not_say_which(
    anonymous, viewer, name, password
):
    response = log_in(anonymous, name, password)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json() == {
        "detail": "No active user has this name and password.",
        "code": "authentication_failed",
    }


def test_a_deactivated_user_cannot_log_in(anonymous, make_person):
    make_person("dan", is_active=False)

    assert log_in(anonymous, "dan").status_code == 401


def test_a_deactivated_users_token_stops_working(anonymous, viewer):
    token = log_in(anonymous, "vera").json()["token"]
    viewer.is_active = False
    viewer.save()

    assert bearing(token).get(ME).status_code == 401


@pytest.mark.parametrize(
    "token", ["", "sf_nonsense", "two words", "n\0l", "\xff\xfe", "x" * 5000]
)
def test_a_token_that_cannot_be_one_is_a_401(db, token):
    response = bearing(token).get(ME)

    assert response.status_code == 401
    assert response.json()["code"] == "authentication_failed"


def test_no_token_at_all_is_a_401(anonymous):
    response = anonymous.get(ME)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json()["code"] == "not_authenticated"


def test_logout_revokes_the_token_that_it_came_with_alone(anonymous, viewer):
    first = log_in(anonymous, "vera").json()["token"]
    second = log_in(anonymous, "vera").json()["token"]

    assert bearing(first).post("/api/v1/auth/logout").status_code == 204
    assert bearing(first).get(ME).status_code == 401
    assert bearing(second).get(ME).status_code == 200


def test_logout_ends_a_session(client, viewer):
    client.force_login(viewer)

    assert client.post("/api/v1/auth/logout").status_code == 204
    assert client.get(ME).status_code == 401


def test_many_attempts_at_one_name_are_a_429(anonymous, viewer, settings):
    settings.SKILLFLEET_RATES = {"login": "100/min", "login_name": "2/min"}

    responses = [log_in(anonymous, "vera", "wrong") for _ in range(3)]

    assert [response.status_code for response in responses] == [401, 401, 429]
    assert int(responses[-1]["Retry-After"]) > 0
    assert log_in(anonymous, "olga", "wrong").status_code == 401


def test_many_attempts_from_one_address_are_a_429(anonymous, settings):
    settings.SKILLFLEET_RATES = {"login": "2/min", "login_name": ""}

    statuses = [log_in(anonymous, f"user{n}").status_code for n in range(3)]

    assert statuses == [401, 401, 429]


def test_an_address_that_a_caller_makes_up_does_not_escape_the_rate(
    anonymous, settings
):
    settings.SKILLFLEET_RATES = {"login": "1/min", "login_name": ""}

    responses = [
        anonymous.post(LOGIN, {}, headers={"X-Forwarded-For": f"10.0.0.{n}"})
        for n in range(2)
    ]

    assert responses[-1].status_code == 429


@pytest.mark.parametrize(
    "target", ["", "https://evil.example/", "//evil.example", "javascript:alert(1)"]
)
@pytest.mark.parametrize("place", ["query", "form"])
def test_a_refused_next_leads_to_the_start_page(client, make_person, target, place):
    make_person("sam", is_staff=True)
    sent = {"username": "sam", "password": PASSWORD}
    query = f"?{urlencode({'next': target})}" if place == "query" else ""
    if place == "form":
        sent["next"] = target

    answer = client.post(f"/admin/login/{query}", sent)

    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    assert client.get("/admin/").status_code == 200
