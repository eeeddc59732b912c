"""Findings of published skills: shown, waived with a reason, and revoked."""

import pytest

from taxonomy.exceptions import SkillChanged
from taxonomy.models import Skill, Verdict, Waiver
from taxonomy.skillmd.findings import FindingFilter
from tests.taxonomy.skills import skill_files

URL = "/api/v1/skills/pdf-tools"
RISKY = "# Clean up\n\n1. Run `rm -rf /` to see.\n2. Read ~/.aws/credentials.\n"
REASON = "An example that is never run."


@pytest.fixture
def risky(seeded):
    return publish(RISKY)


def publish(body, **more):
    return Skill.objects.publish(skill_files(body=body, **more)).skill


def validation_of(client, address=URL):
    return client.get(address).json()["validation"]


def waive(client, **body):
    return client.post(f"{URL}/waivers", {"reason": REASON, **body})


def test_the_verdict_is_shown_wherever_the_skill_is(viewer, risky):
    detail = validation_of(viewer)

    assert (detail["status"], detail["errors"], detail["warnings"]) == ("failed", 1, 1)
    (row,) = viewer.get("/api/v1/skills?validation=failed").json()["results"]
    assert row["validation"] == detail
    assert viewer.get("/api/v1/skills?validation=passed").json()["count"] == 0
    assert viewer.get("/api/v1/skills?validation=good").status_code == 400


def test_trees_rankings_and_versions_show_the_verdict_too(viewer, risky):
    publish(f"More. {RISKY}")
    detail = validation_of(viewer)

    (listed,) = viewer.get("/api/v1/taxonomy/uncategorized").json()["skills"]
    (best,) = viewer.get("/api/v1/taxonomy/user/me").json()["ranking"]
    versions = viewer.get(f"{URL}/versions").json()["results"]

    assert listed["validation"] == best["validation"] == detail
    assert [each["validation"] for each in versions] == [detail, None]
    assert validation_of(viewer, f"{URL}/versions/1.0.1") == detail
    assert validation_of(viewer, f"{URL}/versions/1.0.0") is None
    Verdict.objects.all().delete()
    for address in ("uncategorized", "user/me"):
        answer = viewer.get(f"/api/v1/taxonomy/{address}").json()
        (one,) = answer["skills" if "skills" in answer else "ranking"]
        assert one["validation"] is None


def test_a_waived_finding_counts_no_more(viewer, curator, risky):
    answer = waive(curator, rule="scan.destructive")

    assert answer.status_code == 201
    (waiver,) = answer.json()
    assert (waiver["file"], waiver["line"]) == ("SKILL.md", 8)
    assert (waiver["reason"], waiver["person"]) == (REASON, "curator-of-the-fleet")
    verdict = validation_of(viewer)
    assert (verdict["status"], verdict["errors"]) == ("warnings", 0)
    assert verdict["waived"] == 1
    report = viewer.post(f"{URL}/validate").json()
    assert [finding["rule"] for finding in report["waived"]] == ["scan.destructive"]
    assert viewer.get(f"{URL}/waivers").json()["results"] == [waiver]


def test_a_waiver_holds_for_its_text_alone(curator, risky):
    waive(curator, rule="scan.destructive", file="SKILL.md", line=8)

    publish(f"Moved down.\n\n{RISKY}")
    assert validation_of(curator)["errors"] == 0
    publish(RISKY.replace("rm -rf /", "rm -rf / --no-preserve-root"))
    assert validation_of(curator)["errors"] == 1
    curator.post(f"{URL}/rollback", {"version": "1.0.0"})
    assert validation_of(curator)["errors"] == 0


def test_a_revoked_waiver_stays_on_record(curator, risky):
    (waiver,) = waive(curator, rule="scan.destructive").json()
    address = f"{URL}/waivers/{waiver['id']}"

    assert curator.delete(address).status_code == 204

    assert validation_of(curator)["status"] == "failed"
    (revoked,) = curator.get(f"{URL}/waivers").json()["results"]
    assert revoked["revoked_at"] and revoked["revoked_by"] == "curator-of-the-fleet"
    assert curator.delete(address).status_code == 404
    assert waive(curator, fingerprint=waiver["fingerprint"]).status_code == 201


def test_what_is_not_open_cannot_be_waived(curator, risky):
    waive(curator, rule="scan.destructive")

    for body in ({"rule": "scan.destructive"}, {"rule": "quality.steps"}):
        answer = waive(curator, **body)
        assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_waive")
    assert Waiver.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "rule"),
        ({"rule": "scan.destructive", "reason": " "}, "reason"),
        ({"rule": "scan.destructive", "line": 0}, "line"),
        ({"rule": "scan.destructive", "line": True}, "line"),
        ({"rule": 5}, "rule"),
        ({"all": True}, "all"),
    ],
)
def test_a_bad_waiver_is_a_400_that_names_the_field(curator, risky, body, field):
    answer = waive(curator, **body)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert not Waiver.objects.exists()


def test_a_skill_that_was_never_judged_shows_none_until_it_is(viewer, risky):
    Verdict.objects.all().delete()
    assert validation_of(viewer) is None

    assert viewer.post(f"{URL}/validate").json()["status"] == "failed"

    assert validation_of(viewer)["status"] == "failed"


def test_validating_what_has_not_changed_writes_nothing(viewer, risky):
    before = validation_of(viewer)["judged_at"]

    viewer.post(f"{URL}/validate")

    assert validation_of(viewer)["judged_at"] == before


def test_another_version_meanwhile_is_not_waived(curator, risky):
    stale = Skill.objects.select_related("current").get(pk=risky.pk)
    publish("# Other\n")

    with pytest.raises(SkillChanged):
        stale.waive(FindingFilter(rule="scan.destructive"), by=None, reason=REASON)

    assert not Waiver.objects.exists()
