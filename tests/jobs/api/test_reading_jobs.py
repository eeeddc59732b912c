"""Lists of jobs, one job, its status and its history."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.models import Job

STATUS_FIELDS = {
    "job_id",
    "status",
    "current_phase",
    "progress_percent",
    "progress_message",
    "result",
    "error",
    "created_at",
    "completed_at",
}


def ids(reply):
    return [job["job_id"] for job in reply.data["results"]]


def test_a_status_has_the_shape_that_clients_know(waiting, author_api):
    status = author_api.get(f"/api/v1/jobs/{waiting.pk}/status").data

    assert status.keys() == STATUS_FIELDS
    assert status["status"] == "pending"
    assert status["current_phase"] == "refine"
    assert status["result"] is status["error"] is status["completed_at"] is None


def test_a_job_shows_all_that_is_known(drafted, author_api):
    detail = author_api.get(f"/api/v1/jobs/{drafted.pk}").data

    assert detail.keys() > STATUS_FIELDS - {"result"}
    assert detail["user"] == "ada"
    assert detail["validation_passed"] is True
    assert detail["promoted"] is False
    assert detail["draft_path"].endswith(detail["result"]["name"])
    assert detail["sources"][0]["name"] == "runbook.md"


def test_jobs_come_newest_first_by_cursor(submit, author_api):
    made = [str(submit().pk) for _ in range(5)]
    for age, pk in enumerate(reversed(made)):
        moment = timezone.now() - timedelta(minutes=age)
        Job.objects.filter(pk=pk).update(created_at=moment)

    page = author_api.get("/api/v1/jobs?page_size=2")
    assert page.data.keys() == {"next", "previous", "results"}
    assert page.data["previous"] is None
    seen = ids(page)
    while page.data["next"]:
        page = author_api.get(page.data["next"])
        seen += ids(page)

    assert seen == made[::-1]


def test_jobs_are_filtered_by_status_and_type(drafted, submit, author_api):
    other = submit()

    assert ids(author_api.get("/api/v1/jobs?status=pending")) == [str(other.pk)]
    assert ids(author_api.get("/api/v1/jobs?status=completed")) == [str(drafted.pk)]
    assert len(ids(author_api.get("/api/v1/jobs?job_type=skill_creation"))) == 2
    assert ids(author_api.get("/api/v1/jobs?job_type=skill_refinement")) == []


def test_pending_lists_what_waits_for_me(asking, submit, author_api, operator_api):
    submit()

    assert author_api.get("/api/v1/jobs/pending").json() == [
        {
            "job_id": str(asking.pk),
            "task_description": asking.task_description,
            "current_phase": "deep_understanding",
        }
    ]
    assert operator_api.get("/api/v1/jobs/pending").json() == []


def test_statistics_count_per_status(drafted, submit, author_api):
    submit()
    submit()

    rows = author_api.get("/api/v1/jobs/stats").json()

    assert [(row["status"], row["count"]) for row in rows] == [
        ("pending", 2),
        ("completed", 1),
    ]
    assert rows[0]["avg_duration_seconds"] is None
    assert rows[1]["avg_duration_seconds"] >= rows[1]["avg_active_seconds"] >= 0
    assert rows[1]["avg_waiting_seconds"] >= 0


def test_the_history_is_read_page_by_page_without_gaps(drafted, author_api):
    seen, path = [], f"/api/v1/jobs/{drafted.pk}/events?page_size=3"
    while path:
        page = author_api.get(path).json()
        seen += page["results"]
        path = page["next"]

    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))
    assert (seen[0]["kind"], seen[-1]["kind"]) == ("submitted", "completed")
    assert seen[0].keys() == {"seq", "kind", "phase", "data", "at"}
    after = author_api.get(f"/api/v1/jobs/{drafted.pk}/events?after={len(seen) - 1}")
    assert after.json() == {"next": None, "results": seen[-1:]}


@pytest.mark.parametrize(
    ("stale", "older_than", "kinds"),
    [(True, "", ["dead"]), (False, "?older_than=600", ["long"]), (False, "", [])],
)
def test_stuck_jobs_are_dead_or_long(waiting, operator_api, stale, older_than, kinds):
    now = timezone.now()
    Job.objects.filter(pk=waiting.pk).update(
        status="running",
        worker="host:1:1",
        fence="f",
        running_since=now - timedelta(minutes=30),
        lease_expires_at=now + timedelta(minutes=-1 if stale else 1),
    )

    rows = operator_api.get(f"/api/v1/jobs/stuck{older_than}").json()

    assert [row["kind"] for row in rows] == kinds
    for row in rows:
        assert row["job_id"] == str(waiting.pk)
        assert row["worker"] == "host:1:1"
        assert {"current_phase", "created_at", "age", "crashes"} < row.keys()


BAD_QUERIES = [
    ("jobs?status=nope", 400, "status"),
    ("jobs?job_type=nope", 400, "job_type"),
    ("jobs?page_size=0", 400, "page_size"),
    ("jobs?page_size=100000", 400, "page_size"),
    ("jobs?page_size=two", 400, "page_size"),
    ("jobs?cursor=nonsense", 400, "cursor"),
    ("jobs?cursor=cD1ub3QtYS1kYXRl", 400, "cursor"),
    ("jobs?page=2", 400, "page"),
    ("jobs?x=1", 400, "x"),
    ("jobs/pending?x=1", 400, "x"),
    ("jobs/stats?x=1", 400, "x"),
    ("jobs/stuck?x=1", 400, "x"),
    ("jobs/stuck?older_than=1h", 400, "older_than"),
    ("jobs/stuck?older_than=-1", 400, "older_than"),
    ("jobs/stuck?older_than=99999999999999999999", 400, "older_than"),
    ("hitl/config?x=1", 400, "x"),
    ("drafts?status=nope", 400, "status"),
    ("drafts?page=0", 400, "page"),
    ("drafts?page=two", 400, "page"),
    ("drafts?page=2", 404, None),
    ("drafts?page=999999999", 404, None),
    ("drafts?page_size=1000000", 400, "page_size"),
    ("drafts?x=1", 400, "x"),
    ("drafts?status=%00", 400, "status"),
]


def test_a_wrong_parameter_is_named(operator_api):
    for path, status, parameter in BAD_QUERIES:
        reply = operator_api.get(f"/api/v1/{path}")
        assert reply.status_code == status, (path, reply.content)
        if parameter:
            assert parameter in reply.json()["errors"], path


def test_a_wrong_position_in_the_history_is_named(waiting, author_api):
    for query in (
        "after=-1",
        "after=one",
        "after=99999999999999999999",
        "page_size=0",
        "x=1",
    ):
        reply = author_api.get(f"/api/v1/jobs/{waiting.pk}/events?{query}")
        assert reply.status_code == 400, query
        assert query.partition("=")[0] in reply.json()["errors"]
