"""A curator promotes or rejects a draft, once."""

import pytest

from taxonomy.models import Skill


def decide(api, job, verb, **body):
    return api.post(f"/api/v1/drafts/{job.pk}/{verb}", body)


def test_a_promoted_draft_is_an_active_skill(drafted, author_api, curator_api):
    reply = decide(curator_api, drafted, "promote")

    assert reply.status_code == 200
    assert reply.data["status"] == "promoted"
    skill = Skill.objects.active().get(name=reply.data["skill"])
    assert reply.data["path"] == skill.path
    assert reply.data["version"] == skill.current.number == "1.0.0"
    draft = author_api.get(f"/api/v1/drafts/{drafted.pk}").data
    assert (draft["status"], draft["version"]) == ("promoted", "1.0.0")
    assert draft["digest"] == skill.current.bundle_id


def test_the_curator_says_where_it_goes_and_what_it_is_called(drafted, curator_api):
    reply = decide(
        curator_api,
        drafted,
        "promote",
        taxonomy_path="development/practices",
        name="restart-billing-safely",
        version="2.0.0",
    )

    assert reply.status_code == 200, reply.content
    assert reply.data == {
        "status": "promoted",
        "skill": "restart-billing-safely",
        "path": "development/practices/restart-billing-safely",
        "version": "2.0.0",
    }


def test_a_draft_is_promoted_once(drafted, curator_api):
    decide(curator_api, drafted, "promote")

    again = decide(curator_api, drafted, "promote")
    rejected = decide(curator_api, drafted, "reject", reason="Too late.")

    for reply in (again, rejected):
        assert reply.status_code == 409
        assert reply.json()["code"] == "wrong_state"
    assert Skill.objects.get().versions.count() == 1


def test_a_rejected_draft_is_readable_and_closed(drafted, author_api, curator_api):
    reply = decide(curator_api, drafted, "reject", reason=" It says nothing. ")

    assert reply.status_code == 200
    assert reply.data == {"status": "rejected", "reason": "It says nothing."}
    draft = author_api.get(f"/api/v1/drafts/{drafted.pk}").data
    assert (draft["status"], draft["reason"]) == ("rejected", "It says nothing.")
    assert decide(curator_api, drafted, "promote").status_code == 409
    edit = author_api.put(
        f"/api/v1/drafts/{drafted.pk}/files/SKILL.md", {"content": "text"}
    )
    assert edit.status_code == 409


def test_a_taken_name_is_a_conflict(drafted, submit, run_to_end, curator_api):
    other = run_to_end(submit())
    taken = decide(curator_api, drafted, "promote").data["skill"]

    reply = decide(curator_api, other, "promote", name=taken)

    assert reply.status_code == 409
    assert reply.json()["code"] == "name_taken"
    assert "name" in reply.json()["errors"]
    assert Skill.objects.get().versions.count() == 1


BAD_DECISIONS = [
    ("promote", "taxonomy_path", 1),
    ("promote", "taxonomy_path", ["operations"]),
    ("promote", "taxonomy_path", None),
    ("promote", "taxonomy_path", "no/such/place"),
    ("promote", "taxonomy_path", "../.."),
    ("promote", "name", 1),
    ("promote", "name", {}),
    ("promote", "name", "Not A Name"),
    ("promote", "name", "x" * 65),
    ("promote", "name", "validate"),
    ("promote", "name", "1" * 32),
    ("promote", "version", 1),
    ("promote", "version", "one"),
    ("promote", "version", "1.0"),
    ("promote", "version", "x" * 65),
    ("promote", "skill", "an-unknown-field"),
    ("reject", "reason", None),
    ("reject", "reason", ""),
    ("reject", "reason", "   "),
    ("reject", "reason", 1),
    ("reject", "reason", ["It says nothing."]),
    ("reject", "reason", "x" * 10_001),
    ("reject", "because", "an unknown field"),
]


def test_a_wrong_decision_is_refused_and_the_draft_stays_open(drafted, curator_api):
    for verb, field, value in BAD_DECISIONS:
        reply = decide(curator_api, drafted, verb, **{field: value})
        assert reply.status_code == 400, (verb, field, value, reply.content)
        assert field in reply.json()["errors"], (verb, field, value)
    drafted.draft.refresh_from_db()
    assert drafted.draft.status == "open"
    assert not Skill.objects.exists()


@pytest.mark.parametrize("verb", ["promote", "reject"])
def test_a_draft_is_decided_on_when_its_job_is_done(
    submit, run_until_question, curator_api, verb
):
    job = run_until_question(submit(options={"checkpoints": ["preview"]}))
    assert job.draft.status == "open"

    reply = decide(
        curator_api, job, verb, **({"reason": "x"} if verb[0] == "r" else {})
    )

    assert reply.status_code == 409
    assert reply.json()["code"] == "wrong_state"
