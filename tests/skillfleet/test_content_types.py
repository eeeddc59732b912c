"""A Content-Type that cannot be read, or is not UTF-8, is a 400 on every server."""

import pytest

from tests.skillfleet.served import by_asgi, by_wsgi

BOGUS = "a/b; x*=bogus''y"
UNREADABLE = [BOGUS, "a/b; x*=idna''%ff", "; charset=utf-8"]
CHARSETS = ["idna", "undefined", "hex", "bogus", "utf-16", "latin-1", "\u0663"]
FORM = b'--x\r\nContent-Disposition: form-data; name="q"\r\n\r\na\r\n--x--\r\n'


@pytest.mark.parametrize("served", [by_wsgi, by_asgi])
@pytest.mark.parametrize("content_type", UNREADABLE)
def test_a_content_type_that_cannot_be_read_is_a_400(db, served, content_type):
    answer = served("/api/v1/skills", {"content-type": content_type})

    assert answer.status == 400
    assert answer.json()["detail"] == "The Content-Type is not readable."


@pytest.mark.parametrize("served", [by_wsgi, by_asgi])
def test_pages_and_probes_bear_it_too(db, served):
    assert served("/admin/login/", {"content-type": BOGUS}).status == 400
    assert served("/healthz", {"content-type": BOGUS}).status == 405


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("form", ["multipart/form-data; boundary=x", "text/plain"])
def test_a_charset_other_than_utf_8_is_a_400(api, charset, form):
    response = api("author").generic(
        "POST", "/api/v1/skills", FORM, content_type=f"{form}; charset={charset}"
    )

    assert response.status_code == 400
    assert "send UTF-8" in response.json()["detail"]


@pytest.mark.parametrize("served", [by_wsgi, by_asgi])
def test_a_query_is_not_read_by_a_charset(db, served):
    answer = served("/api/v1/skills?q=%ff", {"content-type": "a/b; charset=idna"})

    assert answer.status == 400
    assert "charset='idna'" in answer.json()["detail"]


def test_a_form_of_the_admin_is_held_to_it(client, db):
    response = client.generic(
        "POST",
        "/admin/login/",
        b"username=%ff",
        content_type="application/x-www-form-urlencoded; charset=idna",
    )

    assert response.status_code == 400


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8", '"utf-8"'])
def test_utf_8_by_any_name_is_read(api, charset):
    response = api("author").generic(
        "POST",
        "/api/v1/skills",
        b'{"task_description": "Restart billing when it hangs"}',
        content_type=f"application/json; charset={charset}",
    )

    assert response.status_code == 202


@pytest.mark.parametrize("accept", ["a/b; x*=bogus''y", "a/b; x*=idna''%ff"])
def test_an_accept_that_cannot_be_read_is_no_fault(api, accept):
    response = api("author").get("/api/v1/skills", headers={"Accept": accept})

    assert response.status_code in (200, 406)
