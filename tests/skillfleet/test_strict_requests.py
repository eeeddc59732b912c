"""Requests that no route can answer are refused before any view."""

import pytest


@pytest.fixture
def api(client_of, viewer):
    return client_of(viewer)


def test_an_unknown_parameter_is_named_with_what_is_allowed(api):
    response = api.get("/api/v1/auth/tokens?pgae=2")

    assert response.status_code == 400
    assert response.json() == {
        "detail": "Unknown query parameter 'pgae'. Allowed: page, page_size.",
        "code": "unknown_parameter",
        "errors": {"pgae": ["Unknown query parameter. Allowed: page, page_size."]},
    }


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/user/%00",
        "/api/v1/auth/tokens?page=%00",
        "/api/v1/auth/tokens?%00=1",
        "/api/v1/user/me?page=1",
    ],
)
def test_a_nul_or_a_stray_parameter_is_a_400(api, path):
    response = api.get(path)

    assert response.status_code == 400
    assert response.json()["detail"]


def test_a_nul_outside_the_api_is_a_400_too(api):
    assert api.get("/admin/%00").status_code == 400


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        (b"oops", "Not JSON at line 1 column 1"),
        (b"", "username: This field is required."),
        (b'"text"', "Invalid data. Expected a dictionary, but got str."),
        (b"\xff\xfe", "The body is not UTF-8 (byte 0)."),
        (b'{"username": "a\\u0000"}', "username: Holds a NUL character"),
        (b"[" * 200 + b"]" * 200, "Nested too deep; 32 levels are allowed."),
        (b'{"username": NaN}', "username: NaN and Infinity are not JSON"),
    ],
)
def test_a_bad_body_is_a_400_that_says_why(api, body, finding):
    response = api.post(
        "/api/v1/auth/login", data=body, content_type="application/json"
    )

    assert response.status_code == 400
    assert finding in response.json()["detail"]


def test_a_body_over_the_limit_is_a_413(api, settings):
    settings.SKILLFLEET_MAX_BODY_BYTES = 100

    response = api.post("/api/v1/auth/tokens", {"expires_in_days": "9" * 100})

    assert response.status_code == 413
    assert response.json()["code"] == "too_large"
    assert "100 bytes" in response.json()["detail"]


@pytest.mark.parametrize("length", ["abc", "-1", "1.5", "\u0663", "9" * 5000])
def test_a_content_length_that_is_no_number_is_a_400(api, length):
    response = api.get("/api/v1/user/me", CONTENT_LENGTH=length)

    assert response.status_code == 400
    assert response.json()["detail"] == "Content-Length is not a number."


@pytest.mark.parametrize("path", ["/api/v1/auth/login", "/admin/login/"])
def test_nobody_logs_in_with_megabytes(client_of, db, path):
    response = client_of().post(
        path, b"[" + b"[]," * 100_000 + b"[]]", content_type="application/json"
    )

    assert response.status_code == 413
    assert b"65536 bytes" in response.content


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/taxonomy/skill/", "/", "/no/such/page", "/metrics"]
)
def test_a_form_of_megabytes_is_refused_before_it_is_read(client_of, db, path):
    class NeverRead:
        def read(self, *_: object) -> bytes:
            raise AssertionError("the body was read")

        close = readline = read

    form = {
        "wsgi.input": NeverRead(),
        "CONTENT_TYPE": "multipart/form-data; boundary=b",
    }
    response = client_of().post(path, **form, CONTENT_LENGTH=str(400 * 2**20))
    chunked = client_of().post(path, **form, HTTP_TRANSFER_ENCODING="chunked")

    assert response.status_code == 413
    assert b"2621440 bytes" in response.content
    assert chunked.status_code == 411


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"files": {"a": [' + b"1," * 2_000_000 + b"1]}}", 400),
        (b"[" + b'"a,"b",' * 200_000 + b"1]", 400),
        (b'{"a": ["' + b'",' * 500_000, 400),
        (b'{"' + b"k" * 1_000_000 + b'": [' + b"1," * 90_000 + b"NaN]}", 400),
    ],
)
def test_a_body_of_millions_of_values_is_refused_before_it_is_parsed(api, body, status):
    response = api.post(
        "/api/v1/skills/validate", data=body, content_type="application/json"
    )

    assert response.status_code == status


def test_the_values_in_a_body_are_counted_outside_its_strings(api, settings):
    settings.SKILLFLEET_MAX_JSON_VALUES = 5

    def send(content: str) -> str:
        body = f'{{"content": "{content}", "files": {{}}, "name": ["", ""]}}'
        response = api.post(
            "/api/v1/skills/validate", data=body, content_type="application/json"
        )
        return str(response.json()["detail"])

    assert "Too many values" not in send('a, \\", b, c, d, e, f')
    settings.SKILLFLEET_MAX_JSON_VALUES = 3
    assert "Too many values; 3 are allowed." in send("a")


def test_a_profile_is_not_changed_with_megabytes(api):
    response = api.patch("/api/v1/user/me", {"a": [1] * 100_000})

    assert response.status_code == 413


def test_a_chunked_body_is_a_411_and_not_an_empty_one(api):
    response = api.post(
        "/api/v1/auth/tokens", {}, headers={"Transfer-Encoding": "chunked"}
    )

    assert response.status_code == 411
    assert response.json()["code"] == "length_required"


def test_a_form_where_json_is_read_is_a_415(api):
    response = api.post(
        "/api/v1/auth/tokens", "a=1", content_type="application/x-www-form-urlencoded"
    )

    assert response.status_code == 415
    assert response.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize("number", ["0", "-1", "two", "1.5", "٣", "9" * 5000, ""])
@pytest.mark.parametrize("name", ["page", "page_size"])
def test_a_page_that_is_no_number_is_a_400(api, name, number):
    response = api.get("/api/v1/auth/tokens", {name: number})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [name]


def test_a_page_size_over_the_limit_is_refused_and_not_cut(api, settings):
    response = api.get("/api/v1/auth/tokens", {"page_size": "201"})

    assert response.status_code == 400
    assert "from 1 to 200" in response.json()["detail"]


def test_a_page_beyond_the_end_is_a_404_that_names_the_last(api):
    response = api.get("/api/v1/auth/tokens?page=2")

    assert response.status_code == 404
    assert "the last page is 1" in response.json()["detail"]
