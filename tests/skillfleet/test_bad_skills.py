"""Bad input to skills, taxonomy and lists is a clear 4xx and writes nothing."""

import pytest

from taxonomy.models import Skill
from tests.skillfleet.refusals import refused

SKILL_MD = "---\nname: {name}\ndescription: {description}\n---\n\n# Title\n\n1. Go.\n"


def skill_md(name: str, description: str = "Does this. Use when that is so.") -> str:
    return SKILL_MD.format(name=name, description=description)


def test_a_reserved_name_is_refused(api):
    curator = api("curator")

    for name in ("validate", "import", "search", "stream"):
        body = {"content": skill_md(name), "category": "operations"}
        response = curator.put(f"/api/v1/skills/{name}", body)
        assert 400 <= response.status_code < 500, response.content
        assert not Skill.objects.filter(name=name).exists()


@pytest.mark.parametrize("description", ["''", "x" * 1025, "x" * 10**6])
def test_an_empty_or_huge_description_is_refused(api, description):
    response = api("curator").put(
        "/api/v1/skills/some-skill",
        {"content": skill_md("some-skill", description), "category": "operations"},
    )

    assert "description" in str(refused(response, 400))
    assert not Skill.objects.filter(name="some-skill").exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"content": skill_md("some-skill"), "category": "no/such"}, "category"),
        ({"content": skill_md("some-skill"), "category": 7}, "category"),
        ({"content": 7, "category": "data"}, "content"),
        ({"content": "no frontmatter", "category": "data"}, None),
        ({"files": "SKILL.md", "category": "data"}, "files"),
        ({"category": "data"}, None),
        ({"content": skill_md("some-skill"), "colour": "red"}, "colour"),
    ],
)
def test_a_skill_that_cannot_be_published_names_the_reason(api, body, field):
    response = api("curator").put("/api/v1/skills/some-skill", body)

    refused(response, 400, *([field] if field else []))
    assert not Skill.objects.filter(name="some-skill").exists()


@pytest.mark.parametrize(
    "field", ["type", "weight", "load_priority", "style", "status", "category"]
)
def test_a_wrong_change_of_a_skill_names_its_field(api, field):
    curator = api("curator")

    for value in (None, True, 7, [], {}, "nonsense", ""):
        refused(curator.patch("/api/v1/skills/pdf-tools", {field: value}), 400, field)


@pytest.mark.parametrize(
    ("path", "status"),
    [("development", 409), ("xml", 400), ("user", 400), ("no/such", 400), ("A b", 400)],
)
def test_a_category_that_cannot_be_made_names_its_path(api, path, status):
    response = api("curator").post("/api/v1/taxonomy", {"path": path})

    refused(response, status, "path")


def test_a_category_without_a_path_of_text_is_a_400(api):
    curator = api("curator")

    for value in (None, True, 7, [], {}, ""):
        refused(curator.post("/api/v1/taxonomy", {"path": value}), 400, "path")


def test_a_category_in_use_is_not_deleted(api):
    refused(api("curator").delete("/api/v1/taxonomy/development"), 409)


# Lists.


ODD_QUERIES = [
    "/skills?colour=red",
    "/skills?page=0",
    "/skills?page_size=100000",
    "/skills?type=nonsense",
    "/skills?ordering=password",
    "/skills?q=" + "x" * 1000,
    "/skills?category=no/such",
    "/skills?q=%00",
    "/jobs?cursor=nonsense",
    "/jobs?cursor=cD0yMDI2",
    "/jobs?cursor=cD0lMDA%3D",
    "/jobs?status=nonsense",
    "/jobs?page=1",
    "/jobs?page_size=many",
    "/jobs/stuck?older_than=-1",
    "/jobs/stuck?older_than=9999999999999",
    "/drafts?status=nonsense",
    "/drafts?cursor=x",
    "/taxonomy?depth=2",
    "/taxonomy/xml?max_chars=-1",
    "/hitl/config?x=1",
]


def test_a_query_that_cannot_be_meant_is_a_400(api):
    operator = api("operator")

    for query in ODD_QUERIES:
        name = query.partition("?")[2].partition("=")[0]
        refused(operator.get(f"/api/v1{query}"), 400, name)


@pytest.mark.parametrize("query", ["/skills?page=9", "/drafts?page=9"])
def test_a_page_beyond_the_end_is_a_404(api, query):
    assert (
        "last page is 1"
        in refused(api("operator").get(f"/api/v1{query}"), 404)["detail"]
    )


def test_history_beyond_the_end_is_empty_and_a_wrong_start_a_400(api, world):
    address = f"/api/v1/jobs/{world.names['pending']}/events?after="

    assert api("author").get(f"{address}999").json()["results"] == []
    refused(api("author").get(f"{address}-1"), 400, "after")
    refused(api("author").get(f"{address}{10**30}"), 400, "after")


def test_a_method_that_is_not_there_is_a_405(api):
    curator = api("curator")

    for address in ("/skills", "/jobs", "/drafts", "/auth/login"):
        refused(curator.put(f"/api/v1{address}"), 405)
        refused(curator.delete(f"/api/v1{address}"), 405)
