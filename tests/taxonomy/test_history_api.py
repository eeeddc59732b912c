"""Versions are compared, rolled back, yanked and downloaded by the API."""

import io
import tarfile
import zipfile

import pytest

from taxonomy.models import Skill, SkillVersion
from tests.tables import CopiedRows, seed
from tests.taxonomy.conftest import rows_of_pdf_tools
from tests.taxonomy.skills import skill_files

SKILL = "/api/v1/skills/pdf-tools"


def publish_three():
    """Publish 1.0.0, 1.0.1 and 1.0.2 with different texts and tags."""
    rows_of_pdf_tools()
    for body in ("Second.\n", "Third.\n"):
        tags = f"metadata:\n  tags: {body[:-2].lower()}\n"
        logo = b"\x89PNG\x00" + body.encode()
        files = skill_files(body=body, extra=tags, assets__logo=logo)
        Skill.objects.publish(files)


three_versions = CopiedRows(publish_three, on=seed)


@pytest.fixture
def three(seeded):
    three_versions()
    return Skill.objects.get()


def test_a_diff_names_each_file_and_says_what_it_cannot_show(viewer, three):
    diff = viewer.get(f"{SKILL}/diff", {"from": "1.0.0"}).json()
    assert (diff["from"], diff["to"]) == ("1.0.0", "1.0.2")
    changes = {each["path"]: each for each in diff["files"]}
    assert {path: each["change"] for path, each in changes.items()} == {
        "SKILL.md": "changed",
        "assets/logo": "changed",
        "references/api": "removed",
    }
    assert changes["assets/logo"]["note"] == "binary"
    assert "+Third.\n" in changes["SKILL.md"]["text"]
    last = viewer.get(f"{SKILL}/diff", {"path": "SKILL.md"}).json()
    assert last["from"] == "1.0.1" and "-Second.\n" in last["files"][0]["text"]
    first = viewer.get(f"{SKILL}/diff", {"to": "1.0.0"}).json()
    assert (first["from"], len(first["files"])) == (None, 3)


def test_a_rollback_shows_the_former_version_and_copies_nothing(curator, three):
    answer = curator.post(f"{SKILL}/rollback", {"version": "1.0.1"})
    assert answer.status_code == 200, answer.json()
    skill = curator.get(SKILL).json()
    assert (skill["version"], skill["body"], skill["tags"]) == (
        "1.0.1",
        "Second.",
        ["second"],
    )
    assert SkillVersion.objects.count() == 3
    again = curator.put(SKILL, {"content": skill_files()[0].content.decode()})
    assert again.json()["version"] == "1.0.3"


def test_a_rollback_over_a_rename_brings_the_name_back(curator, pdf_tools):
    curator.patch(SKILL, {"name": "pdf-kit"})
    curator.post(f"{SKILL}/rollback", {"version": "1.0.0"})
    for name in ("pdf-tools", "pdf-kit"):
        skill = curator.get(f"/api/v1/skills/{name}").json()
        assert (skill["name"], skill["aliases"]) == ("pdf-tools", ["pdf-kit"])


def test_a_yanked_version_is_410_for_readers_with_its_reason(curator, viewer, three):
    answer = curator.post(f"{SKILL}/versions/1.0.2/yank", {"reason": "Wrong merge."})
    assert answer.status_code == 200, answer.json()
    assert answer.json()["yanked_reason"] == "Wrong merge."
    assert viewer.get(SKILL).json()["version"] == "1.0.1"
    for address in (
        "versions/1.0.2",
        "files?version=1.0.2",
        "files/SKILL.md?version=1.0.2",
        "diff?to=1.0.2",
        "download?version=1.0.2",
    ):
        response = viewer.get(f"{SKILL}/{address}")
        assert (response.status_code, response.json()["code"]) == (410, "yanked"), (
            address
        )
        assert "Wrong merge." in response.json()["detail"]
    assert curator.get(f"{SKILL}/versions/1.0.2").status_code == 200
    assert curator.get(f"{SKILL}/download?version=1.0.2").status_code == 410
    assert len(viewer.get(f"{SKILL}/versions").json()["results"]) == 3

    assert curator.delete(f"{SKILL}/versions/1.0.2/yank").status_code == 204
    assert viewer.get(f"{SKILL}/versions/1.0.2").status_code == 200
    assert viewer.get(SKILL).json()["version"] == "1.0.1"


@pytest.mark.parametrize(
    ("verb", "body", "status", "code"),
    [
        ("rollback", {"version": "9.0.0"}, 400, "unknown_version"),
        ("rollback", {"version": "1.0.1"}, 409, "version_withdrawn"),
        ("rollback", {}, 400, "invalid"),
        ("rollback", {"version": 1}, 400, "invalid"),
        ("versions/9.0.0/yank", {}, 404, "not_found"),
        ("versions/1.0.0/yank", {"reason": "x" * 501}, 400, "invalid"),
        ("deprecate", {"replacement": "no-such"}, 400, "unknown_skill"),
        ("deprecate", {"replacement": "pdf-tools"}, 400, "wrong_replacement"),
        ("deprecate", {"reason": 5}, 400, "invalid"),
        ("deprecate", {"surprise": 5}, 400, "invalid"),
    ],
)
def test_an_impossible_operation_is_refused_with_its_reason(
    curator, three, verb, body, status, code
):
    three.yank("1.0.1")
    answer = curator.post(f"{SKILL}/{verb}", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_last_version_is_not_yanked_and_an_archived_skill_not_rolled_back(
    curator, pdf_tools
):
    last = curator.post(f"{SKILL}/versions/1.0.0/yank", {})
    assert (last.status_code, last.json()["code"]) == (409, "last_version")
    pdf_tools.archive()
    for verb, body in (("rollback", {"version": "1.0.0"}), ("deprecate", {})):
        answer = curator.post(f"{SKILL}/{verb}", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "skill_archived")


def test_a_deprecated_skill_says_why_and_what_instead(curator, viewer, pdf_tools):
    Skill.objects.publish(skill_files("pdf-kit"))
    body = {"reason": "Slow.", "replacement": "pdf-kit"}
    assert curator.post(f"{SKILL}/deprecate", body).status_code == 200
    skill = viewer.get(SKILL).json()
    assert (skill["status"], skill["deprecated_reason"], skill["replacement"]) == (
        "deprecated",
        "Slow.",
        "pdf-kit",
    )
    assert curator.delete(f"{SKILL}/deprecate").status_code == 204
    skill = viewer.get(SKILL).json()
    assert (skill["status"], skill["replacement"]) == ("active", None)


def test_an_archive_is_the_same_bytes_each_time_with_skill_md_at_its_root(
    viewer, three
):
    script = "tools/" + "deep/" * 30 + "run.sh"
    files = skill_files(**{script: b"#!/bin/sh\n"})
    Skill.objects.publish(files)
    digest = viewer.get(SKILL).json()["digest"]
    for form, media_type in (("zip", "zip"), ("tar.gz", "gzip")):
        address = f"{SKILL}/download?format={form}"
        first, again = viewer.get(address), viewer.get(f"{address}&version=1.0.3")
        assert first.content == again.content
        assert first["Content-Type"] == f"application/{media_type}"
        assert first["ETag"] == f'"{digest}"'
        assert f"pdf-tools-1.0.3.{form}" in first["Content-Disposition"]
        assert unpacked(first.content, form) == {
            file.path: file.content for file in files
        }
    by_digest = viewer.get(f"{SKILL}/download", {"version": f"sha256:{digest}"})
    assert by_digest.status_code == 200
    for query in ({"format": "rar"}, {"version": "x" * 100}, {"surprise": 1}):
        assert viewer.get(f"{SKILL}/download", query).status_code == 400
    assert viewer.get(f"{SKILL}/download?version=sha256:00").status_code == 404


def unpacked(content: bytes, form: str) -> dict[str, bytes]:
    stream = io.BytesIO(content)
    if form == "zip":
        with zipfile.ZipFile(stream) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(fileobj=stream) as archive:
        members = {each.name: archive.extractfile(each) for each in archive}
        return {name: file.read() for name, file in members.items()}
