"""The report joins all checks into one verdict, one score and one JSON answer."""

import json
from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.files.gate import DEFAULT_LIMITS, File, Files, Limits, as_files
from taxonomy.package import SkillPackage
from taxonomy.skillmd.findings import WaivedFinding
from taxonomy.skillmd.report import Report
from tests.taxonomy.scan.corpus import files_below, needs_corpus, published_skills

GOOD = """---
name: pdf-tables
description: Extracts tables from PDF files. Use when a PDF holds tables.
---

# PDF tables

1. Run `pdftotext -layout in.pdf` and read the output with care.
2. Split each line into its columns.
"""


def skill(text: str = GOOD, *more: File) -> Files:
    return as_files([File("SKILL.md", text.encode()), *more])


def report(
    text: str = GOOD,
    *more: File,
    limits: Limits = DEFAULT_LIMITS,
    waived: Collection[WaivedFinding] = (),
) -> Report:
    package = SkillPackage(skill(text, *more), limits, "pdf-tables")
    return package.report_with(waived)


def test_a_good_skill_passes_with_the_full_score():
    verdict = report()
    assert (verdict.status, verdict.passed, verdict.score) == ("passed", True, 1.0)
    assert verdict.findings == ()
    assert SkillPackage(skill()).report.status == "passed"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (GOOD.replace("name: pdf-tables", "name: other"), "name.folder"),
        (GOOD.replace("files. Use", "files: Use"), "frontmatter.yaml"),
        (GOOD.replace("---\n\n", "---- \n"), "portable.delimiters"),
        (GOOD + "\n    rm -rf /\n", "scan.destructive"),
        ("", "frontmatter.missing"),
    ],
)
def test_an_invalid_unportable_or_risky_skill_fails(text, rule):
    verdict = report(text)
    assert verdict.status == "failed"
    assert not verdict.passed
    assert verdict.errors[0].rule == rule
    assert verdict.score < 1


def test_a_skill_that_the_gate_refuses_fails():
    assert report(GOOD, File("../x", b"")).status == "failed"
    assert report(GOOD, File("x", b""), limits=Limits(files=1)).status == "failed"
    assert SkillPackage((), folder_name="x").report.errors[0].rule == "file.missing"


def test_lesser_findings_give_warnings():
    verdict = report(GOOD + "\nTODO\n")
    assert (verdict.status, verdict.passed) == ("warnings", True)
    assert [finding.rule for finding in verdict.warnings] == ["quality.unfinished"]
    assert 0.9 < verdict.score < 1


def test_a_notice_lowers_the_score_and_nothing_else():
    verdict = report(GOOD, File("references/api.md", b"# API"))
    assert (verdict.status, verdict.warnings) == ("passed", ())
    assert verdict.score < 1


def test_a_waived_risk_no_longer_fails_and_is_still_told():
    text = GOOD + "\n    rm -rf /\n"
    (finding,) = report(text).errors
    verdict = report(text, waived=[WaivedFinding(finding.fingerprint)])
    assert (verdict.status, verdict.score) == ("passed", 1.0)
    assert verdict.as_json()["waived"][0]["rule"] == "scan.destructive"
    other = text.replace("rm -rf /", "rm -rf / --force")
    assert report(other, waived=[WaivedFinding(finding.fingerprint)]).status == "failed"


def test_the_specification_cannot_be_waived():
    everything = [WaivedFinding(""), WaivedFinding("name.folder")]
    verdict = report(GOOD.replace("name: pdf", "name: x"), waived=everything)
    assert verdict.status == "failed"


def test_the_answer_has_the_documented_shape():
    answer = report(GOOD.replace("name: pdf-tables", "name: PDF") + "TODO").as_json()
    assert list(answer) == [
        "passed", "status", "score", "spec", "portable", "errors", "warnings",
        "notices", "waived", "checks",
    ]  # fmt: skip
    assert answer["spec"]["valid"] is False
    assert answer["portable"]["valid"] is False
    assert answer["spec"]["errors"][0] == {
        "rule": "name.case",
        "severity": "error",
        "message": "The name 'PDF' must be lowercase",
        "file": "SKILL.md",
        "line": 2,
        "field": "name",
        "remedy": "Use lowercase letters.",
    }
    assert {"rule", "title", "weight", "passed"} == set(answer["checks"][0])
    assert json.loads(json.dumps(answer)) == answer


def test_valid_is_told_apart_from_portable():
    files = skill(GOOD.replace("pdf-tables", "навык"))
    answer = SkillPackage(files, folder_name="навык").report.as_json()
    assert answer["spec"] == {"valid": True, "errors": []}
    assert answer["portable"]["valid"] is False
    assert answer["status"] == "failed"


@needs_corpus
def test_a_published_skill_fails_only_by_the_specification():
    for folder in published_skills():
        verdict = SkillPackage(files_below(folder), folder_name=folder.name).report
        assert verdict.passed is (verdict.specification == ())
        assert verdict.score > 0.7


@given(
    content=st.binary() | st.text().map(str.encode),
    path=st.sampled_from(["SKILL.md", "skill.md"]) | st.text(),
    folder=st.none() | st.text(),
)
def test_any_bytes_get_a_verdict_that_can_be_stored(content, path, folder):
    content = content if len(content) % 2 else b"---\nname: a\n---\n" + content
    files = (File(path, content), File("b", b""))
    answer = SkillPackage(files, folder_name=folder).report.as_json()
    assert answer["passed"] is False
    assert b"\\u0000" not in json.dumps(answer, ensure_ascii=False).encode()
