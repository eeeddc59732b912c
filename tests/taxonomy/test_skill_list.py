"""The list of skills: filters, search, order and pages."""

import pytest

from taxonomy.models import Skill
from tests.tables import CopiedRows, seed
from tests.taxonomy.skills import skill_files

SKILLS = "/api/v1/skills"


def make_fleet():
    for name, category, description, extra in [
        ("pdf-merge", "data", "Join documents.", "metadata:\n  tags: pdf\n"),
        ("pdf", "data/databases", "Everything about the format.", ""),
        ("word-docs", "communication", "Turn a PDF into Word.", ""),
        ("slides", "research", "Show it.", "metadata:\n  keywords: pdf export\n"),
        ("redis", "data/databases/redis", "Keep things hot.", "allowed-tools: Bash\n"),
    ]:
        Skill.objects.publish(
            skill_files(name, description, body="# What to do\n", extra=extra),
            category=category,
            traits={"type": "tool"} if name == "redis" else {},
        )


rows_of_the_fleet = CopiedRows(make_fleet, on=seed)


@pytest.fixture
def fleet(seeded):
    rows_of_the_fleet()


def names(client, **query):
    answer = client.get(SKILLS, query)
    assert answer.status_code == 200, answer.json()
    return [each["name"] for each in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["pdf", "pdf-merge", "redis", "slides", "word-docs"]),
        ({"ordering": "-name"}, ["word-docs", "slides", "redis", "pdf-merge", "pdf"]),
        ({"category": "data"}, ["pdf", "pdf-merge", "redis"]),
        ({"category": "data/databases"}, ["pdf", "redis"]),
        ({"path": "data/databases"}, ["pdf", "redis"]),
        ({"path": "data/pdf-merge"}, ["pdf-merge"]),
        ({"path": "nowhere"}, []),
        ({"tag": "pdf"}, ["pdf-merge"]),
        ({"tool": "Bash"}, ["redis"]),
        ({"type": "tool"}, ["redis"]),
        ({"status": "deprecated"}, []),
        ({"q": "pdf"}, ["pdf", "pdf-merge", "word-docs", "slides"]),
        ({"q": "PDF word"}, ["word-docs"]),
        ({"q": "100%"}, []),
        ({"q": "pdf", "category": "data"}, ["pdf", "pdf-merge"]),
        (
            {"q": "pdf", "ordering": "-name"},
            ["word-docs", "slides", "pdf-merge", "pdf"],
        ),
    ],
)
def test_filters_search_and_order(viewer, fleet, query, expected):
    assert names(viewer, **query) == expected


def test_pages_follow_one_another(viewer, fleet):
    first = viewer.get(SKILLS, {"page_size": 2}).json()
    assert (first["count"], len(first["results"]), first["previous"]) == (5, 2, None)
    second = viewer.get(first["next"]).json()
    assert [each["name"] for each in second["results"]] == ["redis", "slides"]
    assert viewer.get(SKILLS, {"page": 9}).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"category": "no/such"},
        {"category": "Not A Path"},
        {"type": "magic"},
        {"status": "gone"},
        {"ordering": "password"},
        {"page": "one"},
        {"page_size": "0"},
        {"q": "x" * 500},
        {"surprise": "1"},
    ],
)
def test_a_bad_parameter_is_a_400_that_names_it(viewer, fleet, query):
    answer = viewer.get(SKILLS, query)
    assert answer.status_code == 400
    assert next(iter(query)) in answer.json()["errors"]


def test_the_list_takes_the_same_few_queries_for_many_skills(
    viewer, fleet, django_assert_max_num_queries
):
    with django_assert_max_num_queries(6):
        viewer.get(SKILLS)
