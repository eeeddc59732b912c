"""A list answers or refuses any query string, and never fails."""

import pytest
from django.db import transaction

LISTS = (
    "/admin/jobs/job/",
    "/admin/jobs/draft/",
    "/admin/jobs/jobevent/",
    "/admin/taxonomy/skill/",
    "/admin/auth/user/",
    "/admin/knox/authtoken/",
    "/admin/django_q/failure/",
)
QUERIES = (
    {"q": "nul\0"},
    {"q": "x" * 5000},
    {"q": "% _ ' \" \\"},
    {"p": "no-number"},
    {"p": "99999"},
    {"p": "-1"},
    {"o": "99.-99.x"},
    {"all": ""},
    {"no_such_field": "1"},
    {"status__exact": "no-such-status"},
    {"status__exact": "nul\0"},
    {"created_at__year": "0"},
    {"created_at__year": "99999"},
    {"created_at__year": "2026", "created_at__month": "13"},
    {"created_at__gte": "tomorrow"},
    {"user__id__exact": "no-number"},
    {"user__password__startswith": "md5"},
    {"password__startswith": "md5"},
    {"_popup": "1"},
    {"e": "1"},
)


@pytest.mark.parametrize("path", LISTS)
def test_no_query_is_a_fault(path, root):
    statuses = {str(query): answer(root, path, query) for query in QUERIES}

    assert {query: status for query, status in statuses.items() if status >= 500} == {}


def answer(client, path, query):
    """The status, in a savepoint: PostgreSQL refuses statements after an error."""
    with transaction.atomic():
        status = client.get(path, query).status_code
        transaction.set_rollback(True)
    return status


def test_a_filter_that_cannot_be_asked_says_so(root):
    page = root.get("/admin/taxonomy/skill/", {"created_at__year": "99999"})

    assert page.headers["Location"] == "/admin/taxonomy/skill/?e=1"
    assert root.get("/admin/jobs/job/", {"q": "nul\0"}).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"term": "nul\0"},
        {"app_label": "auth", "model_name": "group", "field_name": "permissions"},
        {"app_label": "jobs", "model_name": "job", "field_name": "user", "term": "a"},
    ],
    ids=str,
)
def test_no_autocomplete_is_a_fault(query, root):
    assert root.get("/admin/autocomplete/", query).status_code in (200, 400, 403, 404)


@pytest.mark.parametrize("path", ["no/such/page/", "jobs/nothing/", "r/1/1/"])
def test_an_address_that_is_none_is_a_404(path, root):
    assert root.get(f"/admin/{path}").status_code == 404
