"""Tokens are made, shown once and revoked; their digest is never on a page."""

import re

import pytest
from django.contrib.admin.utils import quote
from knox.models import AuthToken
from rest_framework.test import APIClient

TOKENS = "/admin/knox/authtoken/"


@pytest.fixture
def viewer(world, browser_of):
    return browser_of(world.people["viewer"])


def test_a_new_token_is_shown_once_and_works(viewer):
    made = viewer.post(f"{TOKENS}add/", {"days": "5"}, follow=True)
    secret = re.search(r"sf_[0-9a-f]+", made.content.decode())[0]

    client = APIClient(headers={"Authorization": f"Bearer {secret}"})
    assert client.get("/api/v1/user/me").json()["username"] == "viewer"
    assert secret not in viewer.get(TOKENS).content.decode()


def test_a_revoked_token_is_gone(world, browser_of):
    browser = browser_of(world.people["author"])
    page = f"{TOKENS}{quote(world.names['token'])}/do/revoke/"

    assert browser.get(page).status_code == 200
    assert AuthToken.objects.exists()
    assert browser.post(page).status_code == 302
    assert not AuthToken.objects.exists()


def test_no_page_shows_a_digest(root, world):
    digest = AuthToken.objects.get().digest
    key = quote(world.names["token"])

    for path in (
        TOKENS,
        f"{TOKENS}{key}/do/revoke/",
        f"{TOKENS}{key}/change/",
        f"{TOKENS}{digest}/change/",
        f"{TOKENS}{digest}/history/",
        f"{TOKENS}{digest}/delete/",
    ):
        assert digest not in root.get(path, follow=True).content.decode(), path
    root.post(f"{TOKENS}{key}/do/revoke/")
    assert digest not in root.get("/admin/").content.decode()


@pytest.mark.parametrize("lookup", ["digest__startswith", "pk__startswith"])
def test_the_list_is_not_filtered_by_digest(lookup, root):
    digest = AuthToken.objects.get().digest

    assert root.get(TOKENS, {lookup: digest[0]}).status_code == 400


@pytest.mark.parametrize("days", ["", "0", "-1", "9999999", "many", "1.5"])
def test_a_bad_lifetime_is_a_field_error(days, viewer):
    page = viewer.post(f"{TOKENS}add/", {"days": days})

    assert page.status_code == 200
    assert "days" in page.context["form"].errors


def test_nobody_makes_a_token_for_another(viewer, world):
    author = world.people["author"].pk
    page = viewer.post(f"{TOKENS}add/", {"days": "5", "user": author})

    assert page.status_code == 200
    assert AuthToken.objects.count() == 1


def test_too_many_tokens_are_refused_on_the_page(viewer, settings):
    settings.SKILLFLEET_TOKENS_PER_USER = 0

    page = viewer.post(f"{TOKENS}add/", {"days": "5"})

    assert "revoke one" in page.content.decode()
