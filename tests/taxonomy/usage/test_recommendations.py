"""GET /analytics/recommendations: skills with reasons, without hidden ones."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from taxonomy.models import Relation, Skill
from taxonomy.usage import maintain_usage
from tests.tables import CopiedRows, seed
from tests.taxonomy.conftest import client_of
from tests.taxonomy.skills import skill_files
from tests.taxonomy.usage.conftest import event, publish

OWN = "/api/v1/analytics/recommendations"


def make_fleet():
    names = {
        "pytest-tips": "development/practices/testing",
        "coverage-tips": "development/practices/testing",
        "fixtures": "development/practices/testing",
        "git-basics": "development/practices",
        "charts": "data/analytics",
        "house-rules": "communication",
        "ml-intro": "data/ml",
    }
    skills = {name: publish(name, path) for name, path in names.items()}
    relate(skills["pytest-tips"], skills["git-basics"])
    Skill.objects.filter(name="house-rules").update(load_priority="always")
    long_ago = timezone.now() - timedelta(days=100)
    Skill.objects.update(created_at=long_ago)


rows_of_the_fleet = CopiedRows(make_fleet, on=seed)


@pytest.fixture
def fleet(seeded):
    rows_of_the_fleet()
    return {skill.name: skill for skill in Skill.objects.all()}


def relate(skill, target):
    Relation.objects.create(
        skill=skill, kind="required", target_name=target.name, target=target
    )


def ago(days: int) -> str:
    return (timezone.now() - timedelta(days=days)).isoformat()


def recommended(client):
    recommendations = client.get(OWN).json()["recommendations"]
    return {each["name"]: (each["reason"], each["because"]) for each in recommendations}


@pytest.fixture
def used(viewer, author, curator, fleet, report):
    """The viewer uses one skill; others use more."""
    report(viewer, event("pytest-tips"))
    for days in (0, 1):
        report(author, event("pytest-tips", at=ago(days)))
        report(author, event("charts", at=ago(days)))
    report(author, event("coverage-tips"), event("ml-intro", at=ago(3)))
    report(curator, event("coverage-tips", at=ago(2)))
    viewer.patch("/api/v1/user/me", {"profile": {"mounted": ["data/ml"]}})


def test_each_reason_has_its_skills(viewer, used):
    assert recommended(viewer) == {
        "git-basics": ("required_by", ["pytest-tips"]),
        "charts": ("used_together", ["pytest-tips"]),
        "coverage-tips": ("popular", ["development/practices/testing"]),
        "ml-intro": ("popular", ["data/ml"]),
        "house-rules": ("cold", ["always loaded"]),
    }
    before = viewer.get(OWN).json()
    maintain_usage()
    assert viewer.get(OWN).json() == before
    texts = [each["text"] for each in before["recommendations"]]
    assert texts == [
        "Required by pytest-tips, which you use.",
        "Used on 2 days of work together with pytest-tips.",
        "Used by 2 people in development/practices/testing.",
        "Used by 1 person in data/ml.",
        "Not used in 90 days, although always loaded.",
    ]


def test_what_is_hidden_or_not_active_is_never_recommended(viewer, curator, used):
    viewer.patch(
        "/api/v1/user/me",
        {"profile": {"mounted": [], "hidden": ["data", "communication"]}},
    )
    curator.delete("/api/v1/skills/git-basics")

    assert set(recommended(viewer)) == {"coverage-tips"}


def test_a_skill_that_the_user_uses_is_not_recommended(viewer, used, report):
    names = ("git-basics", "charts", "coverage-tips", "ml-intro", "house-rules")
    report(viewer, *(event(name) for name in names))

    assert recommended(viewer) == {}


def test_a_mounted_skill_that_nobody_used_is_cold(viewer, author, fleet, report):
    report(viewer, event("fixtures"))
    viewer.patch("/api/v1/user/me", {"profile": {"mounted": ["data"]}})
    Skill.objects.filter(name="charts").update(created_at=timezone.now())

    assert recommended(viewer) == {
        "ml-intro": ("cold", ["mounted"]),
        "house-rules": ("cold", ["always loaded"]),
    }


def test_a_new_user_gets_what_others_use(used):
    recommendations = recommended(client_of("operator"))

    assert {reason for reason, _ in recommendations.values()} == {"popular"}
    assert len(recommendations) == 4


def test_a_limit_holds_for_each_reason_and_queries_do_not_grow(
    viewer, author, used, fleet, report
):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert viewer.get(OWN).status_code == 200
        return len(captured)

    before = queries()
    for number in range(5):
        skill = publish(f"more-{number}", "development/practices/testing")
        relate(fleet["pytest-tips"], skill)
        report(author, event(f"more-{number}"))

    assert queries() == before <= 9
    few = viewer.get(OWN, {"limit": 2}).json()["recommendations"]
    reasons = [each["reason"] for each in few]
    assert reasons.count("required_by") == 2
    assert max(map(reasons.count, reasons)) == 2


def test_a_skill_that_fails_its_validation_is_never_recommended(viewer, fleet, used):
    risky = "# Clean up\n\n1. Run `rm -rf /` to see.\n"
    before = recommended(viewer)
    for name in before:
        Skill.objects.publish(skill_files(name, body=risky))

    assert recommended(viewer) == {}
    assert viewer.get("/api/v1/skills/git-basics").status_code == 200
    Skill.objects.publish(skill_files("git-basics", body="# Repaired\n"))
    (one,) = viewer.get(OWN).json()["recommendations"]
    verdict = viewer.get("/api/v1/skills/git-basics").json()["validation"]
    assert one["name"] == "git-basics" and one["validation"] == verdict


@pytest.mark.parametrize("status", ["archived", "deprecated"])
def test_an_inactive_skill_is_no_reason(viewer, curator, used, status):
    curator.patch("/api/v1/skills/pytest-tips", {"status": status})

    recommendations = recommended(viewer)

    assert {"required_by", "used_together"}.isdisjoint(
        r for r, _ in recommendations.values()
    )
    assert "pytest-tips" not in viewer.get(OWN).content.decode()
