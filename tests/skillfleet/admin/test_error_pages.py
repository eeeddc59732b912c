"""The pages that users see when a request is refused or fails."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def shows(response, status, heading):
    assert response.status_code == status
    page = response.content.decode()
    assert heading in page
    assert "skillfleet/error.css" in page and 'href="/admin/"' in page


def test_a_page_that_is_not_there(admin_client):
    shows(admin_client.get("/admin/no/such/page/"), 404, "Page not found.")


def test_a_page_without_permission(client, make_person):
    client.force_login(make_person("sam", is_staff=True))

    shows(client.get("/admin/auth/user/add/"), 403, "You do not have permission.")


def test_a_malformed_request(admin_client):
    shows(admin_client.get("/admin/auth/user/?q=%00"), 400, "cannot be read")


def test_a_page_that_fails(make_person, monkeypatch):
    monkeypatch.setattr("skillfleet.admin.dashboard.queue_status", lambda: 1 / 0)
    client = Client(raise_request_exception=False)
    client.force_login(make_person("root", is_staff=True, is_superuser=True))

    shows(client.get("/admin/"), 500, "The server failed.")


def test_a_form_that_has_no_token(make_person):
    client = Client(enforce_csrf_checks=True)

    shows(client.post("/admin/login/", {}), 403, "The form has expired.")


def test_browsers_find_the_icon(client):
    response = client.get("/favicon.ico", follow=True)

    assert response.status_code == 200
    assert response["Content-Type"] == "image/svg+xml"
    assert b"<svg" in b"".join(response)
