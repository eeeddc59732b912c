"""An editor names the text that the new one is based on (optimistic lock)."""

import pytest

from taxonomy.models import Skill
from tests.taxonomy.skills import skill_files

URL = "/api/v1/skills/pdf-tools"
TEXT = skill_files()[0].content.decode()


def put(client, line, **sent):
    headers = sent.pop("headers", {})
    body = {"content": f"{TEXT}\n{line}\n", **sent}
    return client.put(URL, body, headers=headers)


@pytest.fixture
def digest(curator, pdf_tools):
    return curator.get(URL).json()["digest"]


def as_body(digest):
    return {"based_on": digest}


def as_header(digest):
    return {"headers": {"If-Match": f'"{digest}"'}}


@pytest.mark.parametrize("with_digest", [as_body, as_header])
def test_a_text_made_from_what_is_no_longer_current_is_refused(
    curator, digest, with_digest
):
    assert put(curator, "Theirs.", **with_digest(digest)).status_code == 200

    late = put(curator, "Mine.", **with_digest(digest))

    assert (late.status_code, late.json()["code"]) == (409, "skill_changed")
    assert curator.get(URL).json()["body"].endswith("Theirs.")
    now = curator.get(URL).json()["digest"]
    assert put(curator, "Both.", **with_digest(now)).json()["version"] == "1.0.2"


def test_a_folder_is_refused_alike_and_the_etag_of_a_download_does(curator, digest):
    etag = curator.get(f"{URL}/download")["ETag"]
    body = {"files": {"SKILL.md": f"{TEXT}\nNew.\n"}}

    assert curator.put(URL, body, headers={"If-Match": etag}).status_code == 200
    assert curator.put(URL, {**body, "based_on": digest}).status_code == 409


def test_an_empty_based_on_refuses_an_existing_skill(curator, digest):
    assert put(curator, "New?", based_on="").status_code == 409

    body = {"content": TEXT.replace("pdf-tools", "pdf-new"), "based_on": ""}
    assert curator.put("/api/v1/skills/pdf-new", body).status_code == 201


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"headers": {"If-Match": '"nonsense"'}}, "If-Match"),
        ({"headers": {"If-Match": "*"}}, "If-Match"),
        ({"headers": {"If-Match": f'W/"{"0" * 64}"'}}, "If-Match"),
        ({"headers": {"If-Match": f'"{"0" * 64}"'}, "based_on": "1" * 64}, "If-Match"),
        ({"based_on": "1.0.0"}, "based_on"),
        ({"based_on": 5}, "based_on"),
        ({"based_on": None}, "based_on"),
    ],
)
def test_what_is_no_digest_is_refused_and_not_ignored(curator, digest, sent, field):
    answer = put(curator, "Mine.", **sent)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert Skill.objects.get().versions.count() == 1
