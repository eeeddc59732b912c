"""`GET /drafts` caches the count of all drafts until one is written."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cachelayer.invalidation import declarations
from jobs.models import Draft

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def drafted(submit, run_to_end):
    return run_to_end(submit())


def count(api, status=""):
    """(count, whether the database was asked)"""
    with CaptureQueriesContext(connection) as captured:
        page = api.get(
            f"/api/v1/drafts?status={status}" if status else "/api/v1/drafts"
        )
    counted = any("COUNT(" in query["sql"] for query in captured)
    return page.json()["count"], counted


def test_a_written_draft_is_counted(drafted, submit, run_to_end, operator_api):
    assert [count(operator_api) for _ in range(2)] == [(1, True), (1, False)]
    assert count(operator_api, "rejected") == (0, True)

    other = run_to_end(submit())
    assert [count(operator_api) for _ in range(2)] == [(2, True), (2, False)]

    operator_api.post(f"/api/v1/drafts/{drafted.pk}/reject", {"reason": "No."})
    Draft.objects.filter(job=drafted).update(status=Draft.Status.REJECTED)
    assert count(operator_api, "rejected") == (1, True)
    type(other).objects.filter(pk=other.pk).delete()
    assert count(operator_api) == (1, True)


def test_an_owners_drafts_are_counted_at_each_request(
    drafted, author_api, other_api, operator_api
):
    assert count(operator_api) == (1, True)
    assert [count(author_api) for _ in range(2)] == [(1, True)] * 2
    assert count(other_api) == (0, True)


def test_without_its_declaration_the_count_would_be_stale(
    drafted, submit, run_to_end, operator_api, monkeypatch
):
    assert count(operator_api) == (1, True)
    monkeypatch.delitem(declarations, Draft)

    run_to_end(submit())

    assert count(operator_api) == (1, False)
