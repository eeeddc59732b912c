"""`POST /quality/validate`, `/assess` and `/fix` for sent and published skills."""

import pytest

from taxonomy.models import Bundle, Skill
from tests.taxonomy.skills import skill_files

QUALITY = "/api/v1/quality"
CONTENT = skill_files()[0].content.decode()


def test_validate_says_what_validating_a_skill_says(viewer):
    report = viewer.post(f"{QUALITY}/validate", {"content": CONTENT}).json()

    assert report == viewer.post("/api/v1/skills/validate", {"content": CONTENT}).json()
    assert not Bundle.objects.exists()


def test_assess_lists_each_check_and_what_to_do(viewer):
    body = {"content": "---\nname: a\ndescription: Tables.\n---\n\nTODO\n"}

    report = viewer.post(f"{QUALITY}/assess", body).json()

    failed = {each["rule"] for each in report["checks"] if not each["passed"]}
    assert {"quality.description-when", "quality.unfinished"} <= failed
    assert "Add a sentence: Use when …" in report["suggestions"]
    assert 0 < report["score"] < 1


def test_fix_returns_files_that_can_be_sent_again(viewer):
    program = {"text": "#!/bin/sh\n", "executable": True}
    files = {
        "SKILL.md": CONTENT.replace("name: pdf-tools", "name: PDF_Tools"),
        "scripts/a.sh": program,
        "logo": {"base64": "iVBORwA=", "executable": False},
    }

    fixed = viewer.post(f"{QUALITY}/fix", {"files": files}).json()

    assert fixed["changes"] == [
        {
            "file": "SKILL.md",
            "rule": "name.characters",
            "what": "Spelt the name pdf-tools.",
        }
    ]
    assert fixed["files"]["scripts/a.sh"] == program
    assert fixed["files"]["logo"] == files["logo"]
    assert fixed["report"]["passed"]
    again = viewer.post(f"{QUALITY}/fix", {"files": fixed["files"]}).json()
    assert (again["files"], again["changes"]) == (fixed["files"], [])


def test_a_published_skill_is_named_and_its_waivers_count(viewer, curator):
    Skill.objects.publish(skill_files(body="# Run\n\n1. `rm -rf /`\n"))
    body = {"skill": "pdf-tools"}
    assert not viewer.post(f"{QUALITY}/validate", body).json()["passed"]

    waiver = {"rule": "scan.destructive", "reason": "An example."}
    curator.post("/api/v1/skills/pdf-tools/waivers", waiver)

    assert viewer.post(f"{QUALITY}/validate", body).json()["passed"]
    assert viewer.post(f"{QUALITY}/fix", body).json()["changes"] == []
    assert viewer.post(f"{QUALITY}/assess", {"skill": "none"}).status_code == 404


@pytest.mark.parametrize("verb", ["validate", "assess", "fix"])
@pytest.mark.parametrize(
    "body",
    [{}, {"content": CONTENT, "skill": "a"}, {"skill": 5}, {"files": {}}, {"x": 1}, []],
)
def test_a_bad_body_is_a_400(viewer, verb, body):
    assert viewer.post(f"{QUALITY}/{verb}", body).status_code == 400
