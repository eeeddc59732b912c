"""The OpenAPI document is complete, and its page loads nothing from other servers."""

import re
from contextlib import closing

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

OPERATIONS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def operations(schema):
    for path, item in schema["paths"].items():
        for method in OPERATIONS & item.keys():
            yield path, method, item[method]


def test_the_schema_is_valid_and_without_warnings(capsys):
    call_command("spectacular", validate=True, fail_on_warn=True)

    assert "/api/v1/auth/login" in capsys.readouterr().out


def test_every_operation_says_how_it_refuses(schema):
    for path, method, operation in operations(schema):
        assert {"400", "401"} <= operation["responses"].keys(), (method, path)
        if "{" in path:
            assert "404" in operation["responses"], (method, path)
        if method != "get":
            assert "409" in operation["responses"], (method, path)


def test_every_refusal_has_the_one_shape(schema):
    for path, method, operation in operations(schema):
        for status, response in operation["responses"].items():
            if status >= "400":
                content = response["content"]["application/json"]["schema"]
                assert content == {"$ref": "#/components/schemas/Error"}, (method, path)


def test_every_operation_is_described_and_named_once(schema):
    named = [operation["operationId"] for _, _, operation in operations(schema)]

    assert len(named) == len(set(named))


@pytest.mark.django_db
def test_the_schema_is_served_to_anyone(client):
    response = client.get("/api/schema", headers={"Accept": "application/json"})

    assert response.status_code == 200


@pytest.mark.django_db
def test_the_page_loads_nothing_from_elsewhere(client):
    page = client.get("/api/docs").content.decode()

    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert loaded
    assert all(address.startswith("/") for address in loaded)


@pytest.mark.django_db
def test_the_pages_script_and_styles_are_there(client):
    page = client.get("/api/docs").content.decode()

    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        with closing(client.get(address)) as response:
            assert response.status_code == 200, address


@pytest.mark.django_db
def test_the_page_has_no_script_that_its_policy_forbids(client):
    response = client.get("/api/docs")

    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "script-src" not in response["Content-Security-Policy"]
    assert re.findall(r"<script(?![^>]*src=)", response.content.decode()) == []
