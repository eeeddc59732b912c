"""Findings in a draft are fixed or waived before it is promoted."""

import pytest

from jobs import promotion
from jobs.engine.phase_context import waived_in
from jobs.models import Job
from taxonomy.models import Skill

REASON = "An example that is never run."


@pytest.fixture
def address(drafted):
    return f"/api/v1/drafts/{drafted.pk}"


@pytest.fixture
def risky(address, author_api):
    """A job whose draft contains a risk since somebody edited it."""
    text = author_api.get(address).data["skill_md"] + "\n`rm -rf /`\n"
    answer = author_api.put(f"{address}/files/SKILL.md", {"content": text})
    assert answer.data["validation_status"] == "failed"
    return answer.data


def waive(api, address, **body):
    sent = {"rule": "scan.destructive", "reason": REASON, **body}
    return api.post(f"{address}/waivers", sent)


def test_a_risky_draft_is_promoted_once_its_risk_is_waived(
    address, risky, curator_api, author_api
):
    refused = curator_api.post(f"{address}/promote", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_promotable")

    assert waive(author_api, address).status_code == 403
    assert waive(curator_api, address).status_code == 201

    draft = author_api.get(address).data
    assert draft["validation_status"] != "failed"
    assert [each["rule"] for each in draft["validation"]["waived"]] == [
        "scan.destructive"
    ]
    promoted = curator_api.post(f"{address}/promote", {"name": "another-name"})
    assert promoted.status_code == 200, promoted.json()
    skill = Skill.objects.get(name="another-name")
    waiver = skill.waivers.get()
    assert (waiver.reason, waiver.person.username) == (REASON, "carl")
    assert (skill.verdict.errors, skill.verdict.waived) == (0, 1)


def test_an_edit_keeps_the_waivers_of_what_it_leaves(address, risky, curator_api):
    waive(curator_api, address)
    text = risky["skill_md"]

    def edit(content):
        answer = curator_api.put(f"{address}/files/SKILL.md", {"content": content})
        return answer.data["validation_status"] == "failed"

    assert not edit(f"{text}\nOne more line.\n")
    assert edit(text.replace("rm -rf /", "rm -rf /*"))
    assert not edit(text)


def test_a_revoked_waiver_fails_the_draft_again(address, risky, curator_api):
    (waiver,) = waive(curator_api, address).data
    one = f"{address}/waivers/{waiver['id']}"

    assert curator_api.delete(one).status_code == 204

    assert curator_api.get(address).data["validation_status"] == "failed"
    assert curator_api.delete(one).status_code == 404
    kinds = curator_api.get(f"{address}/waivers").data["results"]
    assert [each["revoked_by"] for each in kinds] == ["carl"]


def test_a_decided_draft_keeps_its_waivers_as_they_are(address, risky, curator_api):
    curator_api.post(f"{address}/reject", {"reason": "No."})

    answer = waive(curator_api, address)

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert curator_api.get(f"{address}/waivers").data["count"] == 0


def test_the_waivers_of_a_skill_hold_in_its_refinement(
    address, risky, curator_api, author_api, run_to_end
):
    waive(curator_api, address)
    name = curator_api.post(f"{address}/promote", {}).data["skill"]

    answer = author_api.post(
        f"/api/v1/skills/{name}/refine", {"feedback": "add: Note the time."}
    )
    job = run_to_end(Job.objects.get(pk=answer.data["job_id"]))

    assert job.validation_status != "failed"
    assert job.result["validation"]["waived"]


@pytest.fixture
def refined(address, risky, curator_api, author_api, run_to_end):
    """A refinement whose draft passes because its skill has a waiver."""
    waive(curator_api, address)
    name = curator_api.post(f"{address}/promote", {}).data["skill"]
    feedback = {"feedback": "add: Note the time."}
    answer = author_api.post(f"/api/v1/skills/{name}/refine", feedback)
    job = run_to_end(Job.objects.get(pk=answer.data["job_id"]))
    assert job.validation_passed
    return job


def revoke_on_the_skill(api, job):
    waivers = f"/api/v1/skills/{job.base.skill.name}/waivers"
    (waiver,) = api.get(waivers).json()["results"]
    assert api.delete(f"{waivers}/{waiver['id']}").status_code == 204


def test_a_draft_whose_waiver_was_revoked_on_its_skill_is_not_promoted(
    refined, curator_api
):
    draft = f"/api/v1/drafts/{refined.pk}"
    revoke_on_the_skill(curator_api, refined)

    refused = curator_api.post(f"{draft}/promote", {})

    assert (refused.status_code, refused.json()["code"]) == (409, "not_promotable")
    assert Skill.objects.get().versions.count() == 1
    assert curator_api.get(draft).data["validation_status"] == "failed"
    assert waive(curator_api, draft).status_code == 201
    assert curator_api.post(f"{draft}/promote", {}).status_code == 200
    assert Skill.objects.get().verdict.status != "failed"


def test_a_waiver_revoked_during_validation_prevents_the_promotion(
    refined, curator_api, monkeypatch
):
    validate = promotion.validate

    def meanwhile(*args):
        verdict = validate(*args)
        revoke_on_the_skill(curator_api, refined)
        return verdict

    monkeypatch.setattr(promotion, "validate", meanwhile)

    refused = curator_api.post(f"/api/v1/drafts/{refined.pk}/promote", {})

    assert (refused.status_code, refused.json()["code"]) == (409, "draft_changed")
    assert Skill.objects.get().versions.count() == 1


def test_an_automatic_promotion_knows_the_waivers_of_now(refined, curator_api, curator):
    """The waivers were revoked between the validation and the end of the job."""
    waived = waived_in(refined)
    assert waived
    revoke_on_the_skill(curator_api, refined)
    Job.objects.filter(pk=refined.pk).update(user=curator, validation_status="passed")

    promotion.promote_for_owner(Job.objects.get(pk=refined.pk), waived)

    assert Skill.objects.get().versions.count() == 1
    assert refined.history.last().kind == "promotion_refused"
