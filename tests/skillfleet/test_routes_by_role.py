"""The status of every route of the schema for every role, in one table.

The columns: anonymous, a viewer, the author who owns the jobs and the token, another
author, a curator, an operator.
"""

from typing import Any, NamedTuple

import pytest
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from tests.skillfleet.world import TASK, World

WHO = (None, "viewer", "author", "stranger", "curator", "operator")
METHODS = ("get", "post", "put", "patch", "delete")
SKILL_MD = (
    "---\nname: pdf-tools\ndescription: Merge PDF files. Use when a PDF must change."
    "\n---\n\n# PDF tools\n\n1. Open it.\n"
)
LOGIN = {"username": "viewer", "password": "a-long-Passw0rd"}
ANSWER = {"round": 1, "action": "proceed"}

READERS = (401, 200, 200, 200, 200, 200)
OPERATORS = (401, 403, 403, 403, 403, 200)
CURATORS = (401, 403, 403, 403, 200, 403)
CURATED = (401, 403, 403, 403, 204, 403)
OWN_JOB = (401, 404, 200, 404, 404, 200)
OWN_DRAFT = (401, 404, 200, 404, 200, 200)
OWN_DRAFT_EDITED = (401, 404, 200, 404, 200, 403)  # operators only look


class Row(NamedTuple):
    route: str
    address: str
    expected: tuple[int, ...]
    body: Any = None


TABLE = [
    Row("POST /auth/login", "/auth/login", (200,) * 6, LOGIN),
    Row("POST /auth/logout", "/auth/logout", (401, 204, 204, 204, 204, 204)),
    Row("GET /auth/tokens", "/auth/tokens", READERS),
    Row("POST /auth/tokens", "/auth/tokens", (401, 201, 201, 201, 201, 201)),
    Row(
        "DELETE /auth/tokens/{token_key}",
        "/auth/tokens/{token}",
        (401, 404, 204, 404, 404, 404),
    ),
    Row("GET /user/{id}", "/user/{author_id}", (401, 404, 200, 404, 404, 200)),
    Row("PATCH /user/{id}", "/user/{author_id}", (401, 404, 200, 404, 404, 200), {}),
    # Skills and the taxonomy: read by all with a login, written by curators.
    Row("GET /skills", "/skills", READERS),
    Row(
        "POST /skills",
        "/skills",
        (401, 403, 202, 202, 202, 403),
        {"task_description": TASK},
    ),
    Row("GET /facets", "/facets", READERS),
    Row("POST /facets", "/facets", (401, 403, 403, 403, 201, 403), {"name": "team"}),
    Row("PATCH /facets/{name}", "/facets/language", CURATORS, {"multiple": True}),
    Row("DELETE /facets/{name}", "/facets/language", CURATED),
    Row("POST /skills/validate", "/skills/validate", READERS, {"content": SKILL_MD}),
    Row(
        "POST /skills/import",
        "/skills/import",
        (401, 403, 403, 403, 200, 403),
        {"files": {"pdf-tools/SKILL.md": SKILL_MD}},
    ),
    Row("GET /skills/{ref}", "/skills/pdf-tools", READERS),
    Row(
        "PUT /skills/{ref}",
        "/skills/pdf-tools",
        (401, 403, 403, 403, 200, 403),
        {"content": SKILL_MD},
    ),
    Row(
        "PATCH /skills/{ref}",
        "/skills/pdf-tools",
        (401, 403, 403, 403, 200, 403),
        {"weight": "heavyweight"},
    ),
    Row(
        "DELETE /skills/{ref}",
        "/skills/pdf-tools",
        (401, 403, 403, 403, 204, 403),
    ),
    Row(
        "POST /skills/{ref}/refine",
        "/skills/pdf-tools/refine",
        (401, 403, 202, 202, 202, 403),
        {"feedback": "add: Close it."},
    ),
    Row(
        "POST /skills/{ref}/deprecate",
        "/skills/pdf-tools/deprecate",
        CURATORS,
        {"reason": "Slow."},
    ),
    Row("DELETE /skills/{ref}/deprecate", "/skills/pdf-tools/deprecate", CURATED),
    Row("GET /skills/{ref}/diff", "/skills/pdf-tools/diff", READERS),
    Row("GET /skills/{ref}/download", "/skills/pdf-tools/download", READERS),
    Row("GET /skills/{ref}/labels", "/skills/pdf-tools/labels", READERS),
    Row("PUT /skills/{ref}/labels", "/skills/pdf-tools/labels", CURATORS, {}),
    Row("PATCH /skills/{ref}/labels", "/skills/pdf-tools/labels", CURATORS, {}),
    Row("GET /skills/{ref}/relations", "/skills/pdf-tools/relations", READERS),
    Row("PUT /skills/{ref}/relations", "/skills/pdf-tools/relations", CURATORS, {}),
    Row(
        "POST /skills/{ref}/rollback",
        "/skills/pdf-tools/rollback",
        CURATORS,
        {"version": "1.0.0"},
    ),
    Row("POST /quality/validate", "/quality/validate", READERS, {"content": SKILL_MD}),
    Row("POST /quality/assess", "/quality/assess", READERS, {"skill": "pdf-tools"}),
    Row("POST /quality/fix", "/quality/fix", READERS, {"content": SKILL_MD}),
    Row("POST /skills/{ref}/validate", "/skills/pdf-tools/validate", READERS),
    Row("GET /skills/{ref}/waivers", "/skills/pdf-tools/waivers", READERS),
    Row(
        "POST /skills/{ref}/waivers",
        "/skills/pdf-tools/waivers",
        (401, 403, 403, 403, 409, 403),  # there is nothing to waive
        {"rule": "scan.destructive", "reason": "An example."},
    ),
    Row(
        "DELETE /skills/{ref}/waivers/{waiver_id}",
        "/skills/pdf-tools/waivers/0",
        (401, 403, 403, 403, 404, 403),
    ),
    Row("GET /skills/{ref}/files", "/skills/pdf-tools/files", READERS),
    Row("GET /skills/{ref}/files/{path}", "/skills/pdf-tools/files/SKILL.md", READERS),
    Row("GET /skills/{ref}/versions", "/skills/pdf-tools/versions", READERS),
    Row(
        "GET /skills/{ref}/versions/{number}",
        "/skills/pdf-tools/versions/1.0.0",
        READERS,
    ),
    Row(  # the only version
        "POST /skills/{ref}/versions/{number}/yank",
        "/skills/pdf-tools/versions/1.0.0/yank",
        (401, 403, 403, 403, 409, 403),
        {},
    ),
    Row(
        "DELETE /skills/{ref}/versions/{number}/yank",
        "/skills/pdf-tools/versions/1.0.0/yank",
        CURATED,
    ),
    Row("GET /taxonomy", "/taxonomy", READERS),
    Row(
        "POST /taxonomy",
        "/taxonomy",
        (401, 403, 403, 403, 201, 403),
        {"path": "data/lakes"},
    ),
    Row("GET /taxonomy/xml", "/taxonomy/xml", READERS),
    Row("GET /taxonomy/{path}", "/taxonomy/data", READERS),
    Row(
        "PATCH /taxonomy/{path}",
        "/taxonomy/data/analytics",
        (401, 403, 403, 403, 200, 403),
        {"description": "Numbers."},
    ),
    Row(
        "POST /taxonomy/{path}/merge",
        "/taxonomy/data/analytics/merge",
        CURATORS,
        {"into": "research"},
    ),
    Row(
        "DELETE /taxonomy/{path}",
        "/taxonomy/data/analytics",
        (401, 403, 403, 403, 204, 403),
    ),
    Row("GET /analytics", "/analytics", (401, 403, 403, 403, 200, 200)),
    Row("GET /analytics/recommendations", "/analytics/recommendations", READERS),
    Row(
        "GET /taxonomy/user/{id}",
        "/taxonomy/user/{author_id}",
        (401, 404, 200, 404, 404, 200),
    ),
    Row(
        "POST /taxonomy/user/{id}/adapt",
        "/taxonomy/user/{author_id}/adapt",
        (401, 404, 200, 404, 404, 200),
        {},
    ),
    Row(
        "POST /usage",
        "/usage",
        READERS,
        {"events": [{"id": "1", "skill": "pdf-tools", "kind": "used"}]},
    ),
    # Jobs: their owner's and the operators'.
    Row("GET /jobs", "/jobs", READERS),
    Row("GET /jobs/pending", "/jobs/pending", READERS),
    Row("GET /jobs/stats", "/jobs/stats", READERS),
    Row("GET /jobs/stuck", "/jobs/stuck", OPERATORS),
    Row("GET /workers", "/workers", OPERATORS),
    Row("GET /jobs/{job_id}", "/jobs/{pending}", OWN_JOB),
    Row("GET /jobs/{job_id}/status", "/jobs/{pending}/status", OWN_JOB),
    Row("GET /jobs/{job_id}/events", "/jobs/{pending}/events", OWN_JOB),
    Row("POST /jobs/{job_id}/cancel", "/jobs/{pending}/cancel", OWN_JOB),
    Row("POST /jobs/{job_id}/retry", "/jobs/{failed}/retry", OWN_JOB),
    Row("GET /hitl/config", "/hitl/config", READERS),
    Row("GET /hitl/{job_id}/prompt", "/hitl/{asking}/prompt", OWN_JOB),
    Row("POST /hitl/{job_id}/response", "/hitl/{asking}/response", OWN_JOB, ANSWER),
    # Drafts: their owner's, and every one for curators and operators.
    Row("GET /drafts", "/drafts", READERS),
    Row("GET /drafts/{job_id}", "/drafts/{drafted}", OWN_DRAFT),
    Row(
        "GET /drafts/{job_id}/files/{path}",
        "/drafts/{drafted}/files/SKILL.md",
        OWN_DRAFT,
    ),
    Row(
        "PUT /drafts/{job_id}/files/{path}",
        "/drafts/{drafted}/files/references/more.md",
        OWN_DRAFT_EDITED,
        {"content": "# More\n"},
    ),
    Row(
        "DELETE /drafts/{job_id}/files/{path}",
        "/drafts/{drafted}/files/references/guide",
        OWN_DRAFT_EDITED,
    ),
    Row(
        "POST /drafts/{job_id}/promote",
        "/drafts/{drafted}/promote",
        (401, 403, 403, 403, 200, 403),
        {"taxonomy_path": "operations"},
    ),
    Row(
        "POST /drafts/{job_id}/reject",
        "/drafts/{drafted}/reject",
        (401, 403, 403, 403, 200, 403),
        {"reason": "Too short."},
    ),
    Row("GET /drafts/{job_id}/waivers", "/drafts/{drafted}/waivers", OWN_DRAFT),
    Row(
        "POST /drafts/{job_id}/waivers",
        "/drafts/{drafted}/waivers",
        (401, 403, 403, 403, 409, 403),  # there is nothing to waive
        {"rule": "scan.destructive", "reason": "An example."},
    ),
    Row(
        "DELETE /drafts/{job_id}/waivers/{waiver_id}",
        "/drafts/{drafted}/waivers/0",
        (401, 403, 403, 403, 404, 403),
    ),
    # Webhooks: everyone's own, and everyone's for operators.
    Row("GET /webhooks", "/webhooks", READERS),
    Row(
        "POST /webhooks",
        "/webhooks",
        (401, 201, 201, 201, 201, 201),
        {"url": "https://example.org/hook"},
    ),
    Row("GET /webhooks/{webhook_id}", "/webhooks/{webhook}", OWN_JOB),
    Row("PATCH /webhooks/{webhook_id}", "/webhooks/{webhook}", OWN_JOB, {}),
    Row(
        "DELETE /webhooks/{webhook_id}",
        "/webhooks/{webhook}",
        (401, 404, 204, 404, 404, 204),
    ),
    Row(
        "POST /webhooks/{webhook_id}/test",
        "/webhooks/{webhook}/test",
        (401, 404, 202, 404, 404, 202),
    ),
    Row(
        "GET /webhooks/{webhook_id}/deliveries",
        "/webhooks/{webhook}/deliveries",
        OWN_JOB,
    ),
    Row(
        "POST /webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
        "/webhooks/{webhook}/deliveries/{delivery}/redeliver",
        (401, 404, 202, 404, 404, 202),
    ),
    # The cache: the operators'.
    Row("GET /cache/stats", "/cache/stats", OPERATORS),
    Row(
        "POST /cache/invalidate",
        "/cache/invalidate",
        OPERATORS,
        {"pattern": "/skills/*"},
    ),
    Row("POST /cache/clear", "/cache/clear", OPERATORS),
]


def test_every_route_of_the_schema_has_a_row():
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    routes = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, item in paths.items()
        for method in METHODS
        if method in item
    }

    assert sorted(row.route for row in TABLE) == sorted(routes)


@pytest.mark.parametrize("row", TABLE, ids=[row.route for row in TABLE])
def test_everyone_gets_what_the_table_says(row, world):
    statuses = {who: status(row, who, world) for who in WHO}

    assert statuses == dict(zip(WHO, row.expected, strict=True))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/jobs", (0, 4, 0, 0, 4)),
        ("/jobs/pending", (0, 1, 0, 0, 0)),
        ("/drafts", (0, 1, 0, 1, 1)),
        ("/auth/tokens", (0, 1, 0, 0, 0)),
        ("/webhooks", (0, 1, 0, 0, 1)),
    ],
)
def test_lists_hold_what_one_may_see_and_no_more(address, expected, world):
    listings = {who: listed(address, who, world) for who in WHO[1:]}

    assert listings == dict(zip(WHO[1:], expected, strict=True))


def listed(address: str, who: str, world: World) -> int:
    client = APIClient()
    client.force_authenticate(world.people[who])
    body = client.get(f"/api/v1{address}").json()
    return len(body if isinstance(body, list) else body["results"])


def status(row: Row, who: str | None, world: World) -> int:
    """The status for one user; its changes are undone before the next request."""
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(world.people[who] if who else None)
    method = row.route.split()[0].lower()
    address = "/api/v1" + row.address.format_map(world.names)
    with transaction.atomic():
        response = getattr(client, method)(address, row.body)
        transaction.set_rollback(True)
    return response.status_code
