"""A cookie that cannot be a session key is removed before the database sees it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

IMPOSSIBLE = [
    r'"\000aaaaaaaaaa"',
    r'"\355\240\200aaaaaa"',
    '"a b c d e f g"',
    "short",
    "x" * 5000,
    "",
]


@pytest.mark.parametrize("cookie", IMPOSSIBLE)
@pytest.mark.parametrize(
    ("path", "status"), [("/api/v1/user/me", 401), ("/admin/", 302)]
)
def test_an_impossible_session_is_nobodys(client, db, cookie, path, status):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = client.get(path, headers={"Cookie": f"sessionid={cookie}"})

    assert response.status_code == status
    assert not [query for query in queries if "django_session" in query["sql"]]


def test_a_session_goes_on(client, make_person):
    client.force_login(make_person("sam"))

    assert client.get("/api/v1/user/me").json()["username"] == "sam"


def test_a_session_that_is_in_its_cookie_goes_on(client, make_person, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    client.force_login(make_person("sam"))

    assert client.get("/api/v1/user/me").json()["username"] == "sam"
