"""Who may see and do what: 401 without login, 404 for what belongs to others."""

from uuid import uuid4

from tests.jobs.copied_jobs import TASK

STATS = "/api/v1/jobs/stats"
READS = [
    "jobs/{id}",
    "jobs/{id}/status",
    "jobs/{id}/events",
    "hitl/{id}/prompt",
    "drafts/{id}",
    "drafts/{id}/files/SKILL.md",
]
LISTS = ["jobs", "jobs/pending", "jobs/stats", "jobs/stuck", "hitl/config", "drafts"]
ANSWER = {"round": 1, "action": "proceed"}
WRITES = [
    ("post", "jobs/{id}/cancel", {}),
    ("post", "jobs/{id}/retry", {}),
    ("post", "hitl/{id}/response", ANSWER),
    ("put", "drafts/{id}/files/SKILL.md", {"content": "text"}),
    ("delete", "drafts/{id}/files/SKILL.md", None),
]
DECISIONS = [
    ("post", "drafts/{id}/promote", {}),
    ("post", "drafts/{id}/reject", {"reason": "It says nothing."}),
]
EVERY_JOB_ROUTE = [("get", path, None) for path in READS] + WRITES + DECISIONS


def call(api, method, path, body=None, job_id=""):
    return getattr(api, method)(f"/api/v1/{path.format(id=job_id)}", body)


def test_without_login_nothing_is_served(anonymous):
    for method, path, body in [
        *EVERY_JOB_ROUTE,
        *(("get", each, None) for each in LISTS),
        ("post", "skills", {"task_description": TASK}),
    ]:
        reply = call(anonymous, method, path, body, uuid4())
        assert reply.status_code == 401, (method, path)
        assert reply["WWW-Authenticate"] == "Bearer"


def test_another_persons_job_is_a_404(drafted, other_api, curator_api):
    for method, path, body in [("get", each, None) for each in READS] + WRITES:
        reply = call(other_api, method, path, body, drafted.pk)
        assert reply.status_code == 404, (method, path)
        assert reply.json()["code"] == "not_found"
    for path in READS[:4]:
        assert call(curator_api, "get", path, job_id=drafted.pk).status_code == 404
    drafted.refresh_from_db()
    assert drafted.status == "completed"


def test_an_unknown_job_is_a_404(operator_api, curator_api):
    for method, path, body in EVERY_JOB_ROUTE:
        api = curator_api if (method, path, body) in DECISIONS else operator_api
        reply = call(api, method, path, body, uuid4())
        assert reply.status_code == 404, (method, path)
        assert reply.json().keys() == {"detail", "code"}


def test_a_malformed_id_is_a_404(operator_api):
    for job_id in ("1", "not-a-uuid", "0" * 32, "é"):
        for method, path, body in EVERY_JOB_ROUTE:
            reply = call(operator_api, method, path, body, job_id)
            assert reply.status_code == 404, (method, path, job_id)
            assert reply["Content-Type"] == "application/json"


def test_lists_hold_only_what_is_visible(
    drafted, author_api, other_api, curator_api, operator_api
):
    def counts(api):
        jobs, drafts = api.get("/api/v1/jobs").data, api.get("/api/v1/drafts").data
        return len(jobs["results"]), drafts["count"], len(api.get(STATS).data)

    assert counts(author_api) == (1, 1, 1)
    assert counts(other_api) == (0, 0, 0)
    assert counts(curator_api) == (0, 1, 0)
    assert counts(operator_api) == (1, 1, 1)


def test_the_owner_does_not_decide_on_a_draft(drafted, author_api, operator_api):
    for method, path, body in DECISIONS:
        for api in (author_api, operator_api):
            reply = call(api, method, path, body, drafted.pk)
            assert reply.status_code == 403, (method, path)
            assert reply.json()["code"] == "permission_denied"
    assert author_api.get(f"/api/v1/drafts/{drafted.pk}").data["status"] == "open"


def test_a_viewer_and_an_operator_submit_nothing(viewer_api, operator_api):
    for api in (viewer_api, operator_api):
        reply = api.post("/api/v1/skills", {"task_description": TASK})
        assert reply.status_code == 403


def test_only_operators_see_what_is_stuck(author_api, curator_api, operator_api):
    assert author_api.get("/api/v1/jobs/stuck").status_code == 403
    assert curator_api.get("/api/v1/jobs/stuck").status_code == 403
    assert operator_api.get("/api/v1/jobs/stuck").status_code == 200


def test_an_operator_steers_another_persons_job(asking, operator_api):
    prompt = operator_api.get(f"/api/v1/hitl/{asking.pk}/prompt").data
    answer = {"round": prompt["round"], "action": "proceed"}

    reply = operator_api.post(f"/api/v1/hitl/{asking.pk}/response", answer)
    assert reply.status_code == 200
    reply = operator_api.post(f"/api/v1/jobs/{asking.pk}/cancel")
    assert reply.data["status"] == "cancelled"


def test_a_curator_edits_another_persons_draft(drafted, curator_api):
    path = f"/api/v1/drafts/{drafted.pk}/files/references/more.md"

    reply = curator_api.put(path, {"content": "# More"})

    assert reply.status_code == 200
    assert curator_api.get(path).content == b"# More"
