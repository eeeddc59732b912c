"""The headers that clients of each cached route get, and conditional requests."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.skillfleet.cached_routes import READS, Fleet, Read

pytestmark = pytest.mark.django_db(transaction=True)
LATER = 7  # seconds; less than any entry lives
OWN = {"X-Cache", "Age"}


@pytest.fixture
def fleet(db: None) -> Fleet:
    return Fleet()


def headers_of(answer: Any) -> dict[str, str]:
    return {name: text for name, text in answer.headers.items() if name not in OWN}


def test_each_cached_route_answers_as_http_has_it(fleet, monkeypatch):
    for read in READS:
        with monkeypatch.context() as clock:
            check(fleet, read, clock)


def check(fleet: Fleet, read: Read, clock: pytest.MonkeyPatch) -> None:
    def get(method: str = "get", **headers: str) -> Any:
        return fleet.get(read.address, read.reader, method, **headers)

    first = get()
    etag, now = first["ETag"], time.time() + LATER
    clock.setattr("cachelayer.http.time", SimpleNamespace(time=lambda: now))
    again, head = get(), get("head")
    same, other = get(If_None_Match=etag), get(If_None_Match='"other"')
    head_same = get("head", If_None_Match=f"W/{etag}")

    answers = (first, again, head, same, other, head_same)
    outcomes = [(each.status_code, each["X-Cache"]) for each in answers]
    hit = (200, "HIT")
    not_modified = (304, "HIT")
    expected = [(200, "MISS"), hit, hit, not_modified, hit, not_modified]
    assert outcomes == expected, read.address
    bodies = [each.content for each in answers]
    body = first.content
    assert body, read.address
    assert bodies == [body, body, b"", b"", body, b""], read.address

    assert headers_of(again) == headers_of(head) == headers_of(first), read.address
    assert {"Content-Type", "Content-Length"}.isdisjoint(same.headers), read.address
    private = "private, " if read.tier == "user" else ""
    for each in answers:
        assert each["Cache-Control"] == f"{private}no-cache", read.address
        varies = {"Accept", "Authorization", "Cookie"}
        assert varies <= set(each["Vary"].split(", ")), read.address
        assert each["ETag"] == etag, read.address
        assert not each.cookies, read.address
        age = 0 if each is first else LATER
        assert abs(int(each["Age"]) - age) <= 1, read.address
