"""`POST /skills/validate`, and stored verdicts."""

import pytest

from taxonomy.models import Bundle, Skill, Verdict
from taxonomy.validation import validate_missing
from tests.taxonomy.skills import skill_files

SKILLS = "/api/v1/skills"
VALIDATE = f"{SKILLS}/validate"
CONTENT = skill_files()[0].content.decode()


def test_a_good_skill_passes_and_nothing_is_stored(viewer):
    report = viewer.post(VALIDATE, {"content": CONTENT}).json()
    assert report["passed"] and report["spec"] == {"valid": True, "errors": []}
    assert 0 < report["score"] <= 1
    assert not Bundle.objects.exists()


def test_a_bad_skill_is_200_with_its_findings(viewer):
    answer = viewer.post(VALIDATE, {"content": "---\nname: A\n---\n"})
    assert answer.status_code == 200
    report = answer.json()
    assert (report["passed"], report["status"]) == (False, "failed")
    rules = [each["rule"] for each in report["spec"]["errors"]]
    assert "name.case" in rules and "description.missing" in rules


def test_the_folder_name_counts_when_it_is_given(viewer):
    report = viewer.post(VALIDATE, {"content": CONTENT, "name": "other"}).json()
    assert "name.folder" in [each["rule"] for each in report["spec"]["errors"]]


@pytest.mark.parametrize("body", [{}, {"content": 5}, {"files": []}, {"x": 1}, []])
def test_a_bad_body_is_a_400(viewer, body):
    assert viewer.post(VALIDATE, body).status_code == 400


def test_anonymous_is_a_401(anonymous, settings):
    settings.SKILLFLEET_PUBLIC_READ = True
    assert anonymous.post(VALIDATE, {"content": CONTENT}).status_code == 401


def test_skills_of_before_verdicts_are_judged_when_the_database_is_migrated(curator):
    skill = Skill.objects.publish(skill_files(name="of-before")).skill
    Verdict.objects.all().delete()
    assert curator.get(f"{SKILLS}/of-before").json()["validation"] is None

    validate_missing(using="default")

    verdict = Verdict.objects.get(skill=skill)
    assert verdict.digest == skill.current.bundle_id
