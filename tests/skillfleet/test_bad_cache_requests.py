"""What the cache endpoints of operators refuse, and how."""

import pytest

from tests.skillfleet.refusals import refused

INVALIDATE = "/api/v1/cache/invalidate"


@pytest.fixture
def operated(client_of, operator):
    return client_of(operator)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "pattern"),
        ({"pattern": "/a/*", "key": "a"}, "pattern"),
        ({"pattern": ""}, "pattern"),
        ({"pattern": "  "}, "pattern"),
        ({"pattern": 7}, "pattern"),
        ({"pattern": None}, "pattern"),
        ({"pattern": ["/a"]}, "pattern"),
        ({"key": ""}, "key"),
        ({"key": True}, "key"),
        ({"key": {"a": 1}}, "key"),
        ({"pattern": "/a", "all": True}, "all"),
    ],
)
def test_a_wrong_field_is_a_400_that_names_it(operated, body, field):
    refused(operated.post(INVALIDATE, body), 400, field)


def test_a_body_that_is_no_object_is_a_400(operated):
    for body in ("text", 7, [], True):
        refused(operated.post(INVALIDATE, body), 400)
        refused(operated.post("/api/v1/cache/clear", body), 400)


def test_clearing_takes_no_field(operated):
    refused(operated.post("/api/v1/cache/clear", {"pattern": "/a"}), 400, "pattern")


def test_a_key_that_memcached_would_refuse_is_no_fault(operated):
    for key in ("with blanks", "x" * 5000, "\x7f", "ключ", "*?["):
        assert operated.post(INVALIDATE, {"key": key}).status_code == 200


def test_the_cache_endpoints_are_not_cached(operated):
    for response in (
        operated.get("/api/v1/cache/stats"),
        operated.post(INVALIDATE, {"pattern": "/a"}),
        operated.post("/api/v1/cache/clear"),
    ):
        assert "no-store" in response["Cache-Control"]
        assert "X-Cache" not in response
